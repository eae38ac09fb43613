//! A loopback server for tests.
