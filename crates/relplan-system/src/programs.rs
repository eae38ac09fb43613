//! Child programs: found outside the tree, run with a named list of variables, bounded in output and time.
