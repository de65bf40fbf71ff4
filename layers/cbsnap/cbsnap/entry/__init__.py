"""Where calls come in: events, HTTP. Parses once, calls a use case, shapes the answer."""
