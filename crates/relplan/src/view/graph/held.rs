//! What the plan leaves alone, as boxes beside the DAG: held rows and drift, each with its reason in short.

use std::collections::BTreeMap;

use relplan_model::plan::{Action, Change, Plan};

use super::{Grain, Node};
use crate::view::{
    rows,
    style::{count, harmless},
};

/// More than these are drawn together by target and reason.
const SINGLY: usize = 12;

/// The boxes of held and drifted rows, in `column`.
pub(super) fn nodes(plan: &Plan, grain: Grain, column: usize) -> Vec<Node> {
    let rows: Vec<&Change> = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Hold | Action::Drift))
        .collect();
    let singly = match grain {
        Grain::Steps => true,
        Grain::Versions | Grain::Waves => rows.len() <= SINGLY,
        Grain::Stretches(_) | Grain::Phases => rows.len() <= 2,
    };
    let mut groups: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
    for (place, row) in rows.into_iter().enumerate() {
        let code = row
            .reasons
            .first()
            .map_or("", |reason| reason.code.as_str());
        let apart = (grain != Grain::Phases).then_some((&row.address.target, code));
        let key = (row.action, apart, singly.then_some(place));
        groups.entry(key).or_default().push(row);
    }
    groups
        .into_iter()
        .map(|((action, apart, _), rows)| {
            let code = apart.map(|(_, code)| code);
            node(action, code, &rows, column)
        })
        .collect()
}

fn node(action: Action, code: Option<&str>, rows: &[&Change], column: usize) -> Node {
    let verb = if action == Action::Drift {
        "drift"
    } else {
        "hold"
    };
    let members = rows.iter().map(|row| about(row)).collect();
    if let [row] = rows {
        let reason = row.reasons.first().map(|reason| harmless(&reason.message));
        return Node {
            action,
            verb,
            column,
            target: Some(row.address.target.clone()),
            subject: harmless(&rows::name(row)),
            note: reason.unwrap_or_default(),
            members,
            single: true,
        };
    }
    Node {
        action,
        verb,
        column,
        target: code.and(rows.first()).map(|row| row.address.target.clone()),
        subject: count(rows.len(), "row", "rows"),
        note: harmless(code.unwrap_or("several reasons")),
        members,
        single: false,
    }
}

fn about(row: &Change) -> String {
    let reason = row.reasons.first().map(|reason| harmless(&reason.message));
    format!(
        "{}:{}: {}",
        row.address.target,
        harmless(&rows::name(row)),
        reason.unwrap_or_default()
    )
}
