//! Looking at one crate, and telling absence from not knowing (law L5).

use relplan_model::observation::{Evidence, Freshness, Query, Seen};
use tokio::time::Instant;
use url::Url;

use super::{Cargo, index, observe};
use crate::http::Answer;

/// The statuses that mean that there is no such crate (the Cargo book, "Index Format", section "Nonexistent Crates").
fn is_absence(status: u16) -> bool {
    matches!(status, 404 | 410 | 451)
}

impl Cargo {
    /// Looks at one crate.
    pub(super) async fn look(
        &self,
        query: &Query,
        evidence: &mut Vec<Evidence>,
    ) -> Result<Seen, String> {
        let name = query.address.package.as_str();
        if !index::is_crate_name(name) {
            return Err(format!("{name} is not a name that a crate may have"));
        }
        self.config().await.map_err(|finding| finding.message)?;
        let answer = self.get(&index::path(name), query.freshness).await?;
        evidence.push(answer.evidence());
        match answer.status.as_u16() {
            200 => {
                let lines = self.lines(&answer)?;
                let facts = observe::facts(query, &lines).map_err(|error| error.to_string())?;
                Ok(Seen::Present(facts))
            }
            status if is_absence(status) => {
                self.check_place(&answer)?;
                if query.freshness == Freshness::Revalidated {
                    self.look_for_twins(name, evidence).await?;
                }
                self.confirm(Instant::now(), query.freshness).await?;
                Ok(Seen::Absent)
            }
            _ => Err(format!("the registry answered {}", answer.status)),
        }
    }

    /// The lines of an index file that is certainly whole.
    pub(super) fn lines<'a>(&self, answer: &'a Answer) -> Result<Vec<index::Line<'a>>, String> {
        let lines = index::lines(&answer.body).map_err(|(at, error)| {
            format!("line {at} of the index file cannot be read: {error}")
        })?;
        if lines.is_empty() {
            return Err("the index file has no line, and every crate has a version".to_owned());
        }
        // A file that is cut between two lines reads like one that never had more.
        if !answer.is_framed {
            return Err("the index file came without its length, and may be cut".to_owned());
        }
        Ok(lines)
    }

    /// Refuses an absence that another server than the index's told of.
    fn check_place(&self, answer: &Answer) -> Result<(), String> {
        let root = Url::parse(self.index().root()).map_err(|error| error.to_string())?;
        match answer.is_from_elsewhere(&root) || answer.is_of_another_page() {
            true => Err(format!(
                "the index redirected to {}, which answered {}: that says nothing about the crate",
                crate::http::asked(&answer.url),
                answer.status
            )),
            false => Ok(()),
        }
    }

    /// A new name is refused by registries that have it with `-` for `_` or the other way round: better known in a plan
    /// than met in the midst of an apply.
    async fn look_for_twins(&self, name: &str, evidence: &mut Vec<Evidence>) -> Result<(), String> {
        for twin in [name.replace('-', "_"), name.replace('_', "-")] {
            if twin == name {
                continue;
            }
            let answer = self
                .get(&index::path(&twin), Freshness::Revalidated)
                .await?;
            evidence.push(answer.evidence());
            match answer.status.as_u16() {
                status if is_absence(status) => {}
                200 => {
                    return Err(format!(
                        "the registry has {twin}, which it takes for the same name as {name}"
                    ));
                }
                _ => {
                    return Err(format!(
                        "the registry answered {} when asked for {twin}, which it would take for the same name",
                        answer.status
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the index still describes itself after `since`: then a file that it did not have before is one that it
    /// does not have, and not one of all those that a server under maintenance hides (law L5).
    ///
    /// Why: the protocol has no form for absence but the status, and static servers answer with pages of all kinds.
    /// Look-ups that wait here for one another share the answer.
    async fn confirm(&self, since: Instant, freshness: Freshness) -> Result<(), String> {
        let mut alive = self.alive.lock().await;
        if alive.is_some_and(|seen| seen >= since) {
            return Ok(());
        }
        let begun = Instant::now();
        self.ask_config(freshness).await.map_err(|why| {
            format!("the index says that it is not there, and does not describe itself any more: config.json: {why}")
        })?;
        *alive = Some(begun);
        Ok(())
    }
}
