//! Approvals at the edge: where the policy is pinned, where records are found, who signs, and the keeper that `apply` asks
//! before each effect. What an approval is worth is `relplan-approval`'s to say.

pub mod collect;
pub mod contents;
pub mod keeper;
pub mod pin;
pub mod sign;
