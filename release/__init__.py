"""What is deployed, built from a checkout: layers and functions as zip files, the same bytes each time.

Started by `make package`, imported by the benchmark and the tests only. `contents` says what there is to build, `wheels`
fetches and unpacks the pinned dependencies, `bytecode` compiles them, `archive` packs.
"""
