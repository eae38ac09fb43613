//! Approvals: what one is, the policy that says which count, and the one pure function that verifies.
