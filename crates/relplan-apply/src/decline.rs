//! Declining: a run that is not admitted tells the others that share its plan, so that they do not wait for it.
//!
//! Why: they begin together or not at all, and each of them may cost a machine that does nothing but wait.

use std::time::Duration;

use relplan_model::{
    digest::Sha256,
    journal::Record,
    port::{Clock, StateStore, StoreError},
    state::State,
};

use crate::{
    claim::{append, replay},
    part::Part,
    walk::{pace::Pace, shortened},
};

/// Writes down that no run of this part will begin, once another run has claimed the plan; for so long it is waited for.
/// `judged` is the journal as it was read before: nothing is written where it was moved since. The journal as it is then;
/// `None`: nothing was written.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn decline(
    plan: Sha256,
    (part, reason): (&Part, &str),
    (store, clock): (&dyn StateStore, &dyn Clock),
    (judged, patience): (&State, Duration),
) -> Result<Option<State>, StoreError> {
    let Some(targets) = part.recorded() else {
        return Ok(None);
    };
    let begin = clock.now();
    let mut pace = Pace::of_others();
    loop {
        let mut state = replay(store).await?;
        if state.ended.contains_key(&plan) || state.moved != judged.moved {
            return Ok(None);
        }
        if state.open.as_ref().is_some_and(|open| open.plan == plan) {
            let left = Record::Left {
                plan,
                targets: targets.clone(),
                run: None,
                reason: Some(shortened(reason.to_owned())),
            };
            match append(&mut state, vec![left], store, clock).await {
                Ok(()) => return Ok(Some(state)),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let waited = clock.now().unix() - begin.unix();
        if u64::try_from(waited).unwrap_or_default() >= patience.as_secs() {
            return Ok(None);
        }
        clock.sleep(pace.next().unwrap_or_default()).await;
    }
}
