"""What is deployed, built from a checkout: layers and functions as zip files, the same bytes each time.

Started by `make package`; otherwise only the benchmark and the tests import it. `contents` says what
there is to build, `wheels` fetches and unpacks the pinned dependencies, `bytecode` compiles them,
`archive` packs, and `rights` writes what each function may do.
"""
