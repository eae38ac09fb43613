//! What all steps do: look at the registry, and write down how they ended.

use std::time::Duration;

use relplan_model::{
    journal::{Fact, How, Record, Resolution},
    observation::Freshness,
    step::Step,
    time::Timestamp,
};

use super::{
    Walk,
    look::{Look, judge, query},
    pace::Pace,
};
use crate::{journal::Halted, report::StepEnd};

impl Walk<'_, '_> {
    /// Looks once.
    pub(super) async fn look(&self, step: &Step, freshness: Freshness) -> Look {
        let Some(driver) = self.ports.drivers.driver(&step.address.target) else {
            return Look::Blind(format!("the target {} has no driver", step.address.target));
        };
        let observation = driver.observe(&query(step, freshness)).await;
        judge(&self.index, step, &observation)
    }

    /// Looks, and again if the look-up fails or tells too little, a bounded number of times.
    pub(super) async fn look_patiently(&self, step: &Step) -> Look {
        let mut looks = 1;
        let mut pace = Pace::after_effect();
        loop {
            let look = self.look(step, Freshness::Authoritative).await;
            let is_final = !matches!(look, Look::Blind(_) | Look::Incomparable(_));
            if is_final || looks >= self.options.looks || self.is_stopping() {
                return look;
            }
            looks += 1;
            self.pause(pace.next().unwrap_or_default()).await;
        }
    }

    /// How long ago that was, to the second. A slow registry must not make a bounded wait an endless one.
    pub(super) fn since(&self, begin: Timestamp) -> Duration {
        let seconds = self.ports.clock.now().unix() - begin.unix();
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }

    /// Writes down that a step ended well.
    pub(super) async fn receipt(
        &self,
        step: &Step,
        how: How,
        facts: Vec<Fact>,
    ) -> Result<StepEnd, Halted> {
        let step = step.id.clone();
        self.journal
            .write(Record::Receipt { step, how, facts })
            .await?;
        Ok(StepEnd::Done(how))
    }

    /// Writes down that a step did not end well, and that nothing of ours is under way.
    pub(super) async fn resolved(
        &self,
        step: &Step,
        outcome: Resolution,
        detail: String,
    ) -> Result<StepEnd, Halted> {
        let detail = shortened(detail);
        let record = Record::Resolved {
            step: step.id.clone(),
            outcome,
            detail: detail.clone(),
        };
        self.journal.write(record).await?;
        Ok(StepEnd::Failed {
            outcome,
            detail,
            credential: false,
        })
    }
}

/// A step that was not attempted since the registry could not be asked (law L5).
pub(super) fn could_not_look(reason: &str) -> StepEnd {
    StepEnd::Unknown {
        detail: format!("it could not be looked up, so nothing was attempted: {reason}"),
    }
}

/// A registry's words may be a page long; the journal keeps their beginning.
pub(crate) fn shortened(mut text: String) -> String {
    const MOST: usize = 600;
    if text.len() > MOST {
        let end = text.floor_char_boundary(MOST);
        text.truncate(end);
        text.push('…');
    }
    text
}
