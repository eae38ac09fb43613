//! What a plan comes to: its counts in one sentence, what applying it costs, and its remarks in order of weight.

use relplan_model::{
    finding::{Finding, FindingCode, Severity},
    plan::{Action, Budget, Cost, Limited, Plan},
};

use super::{
    rows::{Group, groups},
    style::{count, size, span},
};

/// What the plan comes to, in a sentence or two.
pub fn verdict(plan: &Plan) -> String {
    sentence(plan, &groups(plan))
}

/// The same, where the rows are at hand.
pub fn sentence(plan: &Plan, groups: &[Group<'_>]) -> String {
    let rows = || groups.iter().flat_map(|group| &group.rows);
    let number = |action: Action| {
        rows()
            .filter(|row| row.change.action == action && !row.folded)
            .count()
    };
    let parts: Vec<String> = [
        (Action::Publish, "to publish"),
        (Action::Stage, "to stage"),
        (Action::Point, "to point"),
        (Action::Deprecate, "to deprecate"),
        (Action::Yank, "to yank"),
        (Action::Adopt, "to adopt"),
        (Action::Hold, "held"),
        (Action::Drift, "drifted"),
        (Action::Keep, "unchanged"),
    ]
    .into_iter()
    .filter(|(action, _)| number(*action) > 0)
    .map(|(action, words)| format!("{} {words}", number(action)))
    .collect();
    let rows = if parts.is_empty() {
        "no packages".to_owned()
    } else {
        parts.join(", ")
    };
    if plan.steps.is_empty() {
        let stuck = number(Action::Hold) + number(Action::Drift) > 0;
        let verdict = if stuck {
            "Nothing can be done"
        } else {
            "Nothing to do"
        };
        return format!("{verdict}: {rows}.");
    }
    let waves = plan.steps.iter().map(|step| step.wave).max().unwrap_or(0) + 1;
    let order = format!(
        "{} in {}",
        count(plan.steps.len(), "step", "steps"),
        counted(waves, "wave", "waves")
    );
    let pending = if !plan.blocking_findings().is_empty() {
        " It cannot be applied: fix the errors and plan again."
    } else if plan.applicable {
        ""
    } else {
        " It cannot be applied yet: pack first (relplan pack --missing)."
    };
    format!("Plan: {rows}. {order}.{pending}")
}

/// One line for each target that is written to: what applying the plan costs there.
pub fn cost_lines(plan: &Plan) -> Vec<String> {
    let costs = plan.costs.iter().filter(|cost| cost.writes > 0);
    costs.map(cost_line).collect()
}

fn cost_line(cost: &Cost) -> String {
    let mut parts = Vec::new();
    for (of, number, one, many) in [
        (Limited::NewNames, cost.new_names, "new name", "new names"),
        (
            Limited::NewVersions,
            cost.new_versions,
            "new version of an existing name",
            "new versions of existing names",
        ),
    ] {
        if number > 0 {
            let limit = cost.budgets.iter().find(|budget| budget.of == of);
            let limit = limit.map_or_else(String::new, limit_text);
            parts.push(counted(number, one, many) + &limit);
        }
    }
    let requests = cost.writes.saturating_add(cost.reads);
    parts.push(format!(
        "{} in at least {}",
        counted(cost.writes, "write", "writes"),
        counted(requests, "request", "requests")
    ));
    if cost.bytes > 0 {
        parts.push(format!("{} to upload", size(cost.bytes)));
    }
    format!("{}: {}", cost.target, parts.join(", "))
}

/// A published limit, and what it comes to.
fn limit_text(budget: &Budget) -> String {
    let rate = budget.rate;
    let then = if budget.seconds > 0 {
        format!(", so at least {}", span(budget.seconds))
    } else {
        String::new()
    };
    format!(
        " (limit: {} at once, then one every {}{then})",
        rate.burst,
        span(rate.seconds)
    )
}

/// The least time that registries' limits allow, over all targets; `None` where no limit is reached.
pub fn least_time(plan: &Plan) -> Option<String> {
    let longest = plan.costs.iter().map(|cost| cost.seconds).max()?;
    (longest > 0).then(|| span(longest))
}

/// The findings in order of weight: what runs on users' machines or stops something first, notes last.
pub fn by_weight(plan: &Plan) -> Vec<&Finding> {
    let weight = |finding: &&Finding| {
        let severity = match finding.severity {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Note => 2,
        };
        use FindingCode::{ChangedScript, Conflict, InstallScript, NewDependency, NewScript};
        let code = match FindingCode::of(&finding.code) {
            Some(NewScript | ChangedScript) => 0,
            Some(Conflict | InstallScript | NewDependency) => 1,
            _ if finding.code.starts_with("drift") => 2,
            _ => 3,
        };
        (severity, code)
    };
    let mut findings: Vec<&Finding> = plan.findings.iter().collect();
    findings.sort_by_key(weight);
    findings
}

fn counted(number: u64, one: &str, many: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one, many)
}
