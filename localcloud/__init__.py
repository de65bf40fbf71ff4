"""The cloud on one machine: API emulator and function runtime."""
