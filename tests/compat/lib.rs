//! Nothing: the tests of this package need crates that the library itself must not wait for.
