"""Properties of everything that reads what others wrote: `make test` tries a little, `make fuzz` for long."""
