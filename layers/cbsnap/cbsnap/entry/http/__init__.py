"""The HTTP API: a module a resource, `edge` around all of them, `app` puts them together."""
