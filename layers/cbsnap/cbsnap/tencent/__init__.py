"""The cloud's API through the vendor's SDK: the only folder that imports it."""
