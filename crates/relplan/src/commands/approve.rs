//! `relplan approve`: shows a plan from the bytes that will be signed, has the person say what they saw, and has stock
//! `ssh-keygen` sign it.

use std::path::PathBuf;

use relplan_approval::{
    Offered, Question, Subject,
    policy::{Person, Policy},
    record::Record,
    statement::{Decision, MAX_COMMENT, NAMESPACE, Predicate, Statement},
    verify,
};
use relplan_model::{
    digest::{Sha256, hex},
    plan::{Base, Plan},
    port::Clock as _,
    state::State,
    step::{Class, Step},
};
use relplan_targets::http::Net;

use relplan_state::Loaded;

use super::{Session, read_plan};
use crate::{
    approvals::{
        collect, contents,
        pin::{Pinned, Places},
        sign,
    },
    arguments::Approve,
    clock::SystemClock,
    exit::Exit,
    failure::Failure,
    journal::{self, Asked},
    store,
    view::{approvals_text, plan_text, since_text, style::harmless},
};

/// Runs it.
pub async fn run(session: &Session, arguments: &Approve) -> Result<Exit, Failure> {
    let (bytes, plan) = read_plan(&arguments.plan)?;
    let subject = Subject::read(&bytes).map_err(|error| Failure::of(Exit::Invalid, &error))?;
    let opened = store::of_plan(session, arguments.place.state.as_deref(), &plan)?;
    let asked = Asked {
        project: Some(&plan.project),
        plan: Some(&plan),
    };
    let Loaded { state, lines, .. } = journal::read(session, &opened, asked).await?;
    let places = Places::new(
        &session.project,
        &session.surroundings,
        &arguments.pinned,
        session.terminal.err,
    );
    let pinned = places.looked_at(state.policy)?;
    let person = signer(&pinned.policy, arguments)?;
    let key = key(session, arguments)?;

    // From here on everything that is shown comes from the bytes that will be signed.
    let terminal = session.terminal;
    terminal.result(&plan_text::render(
        &plan,
        subject.digest(),
        terminal.out,
        arguments.verbose,
    ));
    since(session, arguments, &plan, &lines)?;
    warn(session, &plan, &state);
    let decision = if arguments.reject {
        Decision::Reject
    } else {
        Decision::Approve
    };
    let predicate = predicate(
        arguments,
        decision,
        &plan.base,
        &person.name,
        &pinned,
        &plan,
    )?;
    introduce(session, &predicate, &pinned);
    if decision == Decision::Approve {
        inspect(session, arguments, &plan).await?;
        confirm(session, arguments, &plan)?;
    }

    let statement = Statement::of(subject.digest(), predicate)
        .to_text()
        .map_err(|error| Failure::of(Exit::Internal, &error))?;
    let (armour, signed_by, presence) = sign::sign(
        &key,
        NAMESPACE,
        &statement,
        terminal,
        &session.surroundings.programs(),
    )?;
    sign::signer(&pinned.policy, &signed_by, Some(&person.name))?;
    let record = Record::of(statement, armour)
        .to_bytes()
        .map_err(|error| Failure::of(Exit::Internal, &error))?;
    let file = write(arguments, decision, &person.name, &record)?;
    let touched = match (signed_by.kind().is_hardware(), presence.touched) {
        (true, true) => ", touched",
        (true, false) => ", and the security key was not touched",
        (false, _) => "",
    };
    terminal.result(&format!(
        "\nSigned as {} with {}{touched}.\nWritten to {}.\n",
        person.name,
        signed_by.fingerprint(),
        file.display()
    ));
    standing(session, &subject, &pinned, arguments, file, record)
}

/// Who is asked to sign, as far as that can be told before it is signed.
fn signer<'p>(policy: &'p Policy, arguments: &Approve) -> Result<&'p Person, Failure> {
    let named = arguments.principal.as_deref();
    let known = arguments.key.as_deref().map(sign::public);
    match (known, named) {
        (Some(Ok(key)), named) => sign::signer(policy, &key, named),
        (_, Some(named)) => policy.person(named).ok_or_else(|| {
            Failure::new(
                Exit::Approval,
                format!("{named} is not among the people of the policy"),
            )
        }),
        (Some(Err(failure)), None) => {
            Err(failure.hint("or say who you are with --as, as the policy names you"))
        }
        (None, None) => Err(no_key()),
    }
}

fn key(session: &Session, arguments: &Approve) -> Result<PathBuf, Failure> {
    arguments
        .key
        .clone()
        .or_else(|| session.surroundings.var("RELPLAN_KEY").map(PathBuf::from))
        .ok_or_else(no_key)
}

fn no_key() -> Failure {
    Failure::new(Exit::Usage, "with which key?")
        .hint("name it with --key: a public key whose private half your agent holds, or a private key that ssh-keygen opens")
}

/// What changed since the plan that was approved last, where that one is at hand.
fn since(
    session: &Session,
    arguments: &Approve,
    plan: &Plan,
    lines: &[Vec<u8>],
) -> Result<(), Failure> {
    let terminal = session.terminal;
    if let Some(file) = &arguments.since {
        let (bytes, before) = read_plan(file)?;
        let text = since_text::render(&before, Plan::digest(&bytes), plan, terminal.out);
        terminal.result(&text);
        return Ok(());
    }
    let approved = lines.iter().rev().find_map(|line| {
        let entry = relplan_model::journal::Entry::from_line(line).ok()?;
        collect::approved(&entry.record).map(|(plan, _)| plan)
    });
    let Some(digest) = approved else {
        terminal.result("No plan was approved before this one, as far as the journal here knows.");
        return Ok(());
    };
    let kept = super::status::started_plan(&session.project, digest);
    let before = crate::files::read_found(&kept, relplan_model::plan::MAX_SIZE as u64)
        .ok()
        .filter(|bytes| Plan::digest(bytes) == digest)
        .and_then(|bytes| Plan::from_bytes(&bytes).ok());
    match before {
        Some(before) => terminal.result(&since_text::render(&before, digest, plan, terminal.out)),
        None => terminal.result(&format!(
            "The plan that was approved last, {}, is not kept here; name its file with --since to see what changed.",
            digest.short()
        )),
    }
    Ok(())
}

/// What a person should know before they say yes to something that cannot be applied.
fn warn(session: &Session, plan: &Plan, state: &State) {
    let mut remarks = Vec::new();
    if !plan.applicable {
        remarks
            .push("this plan was made without all of its artifacts, so no approval of it counts");
    }
    if !plan.blocking_findings().is_empty() {
        remarks.push("this plan has errors, so `apply` refuses it");
    }
    if SystemClock.now() > plan.not_after {
        remarks.push("this plan has expired, so `apply` refuses it");
    }
    let open = state.open.as_ref().map(|open| open.plan);
    if state.lineage.is_some() && open.is_none() && state.base() != plan.base {
        remarks
            .push("the state has moved since this plan was made, so `apply` refuses it as stale");
    }
    for remark in remarks {
        session
            .terminal
            .remark(&session.terminal.err.wrap("warning: ", "  ", remark));
    }
}

fn predicate(
    arguments: &Approve,
    decision: Decision,
    base: &Base,
    principal: &str,
    pinned: &Pinned,
    plan: &Plan,
) -> Result<Predicate, Failure> {
    let now = SystemClock.now().unix();
    // A yes lives no longer than the plan, and no longer than any rule would take it.
    let oldest = pinned
        .policy
        .rules
        .iter()
        .filter_map(|rule| rule.max_age_seconds)
        .min()
        .and_then(|age| i64::try_from(age).ok());
    let longest = oldest.map_or(i64::MAX, |age| now.saturating_add(age));
    let expires = plan
        .not_after
        .unix()
        .saturating_add(1)
        .min(longest)
        .max(now.saturating_add(1));
    let comment = arguments.comment.clone().filter(|text| !text.is_empty());
    if comment
        .as_ref()
        .is_some_and(|text| text.len() > MAX_COMMENT)
    {
        return Err(Failure::new(
            Exit::Usage,
            format!("a comment may have at most {MAX_COMMENT} bytes"),
        ));
    }
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| {
        Failure::new(
            Exit::Internal,
            format!("the system gives no random bytes: {error}"),
        )
    })?;
    let seconds = |unix: i64| u64::try_from(unix).unwrap_or(0);
    Ok(Predicate {
        decision,
        principal: principal.to_owned(),
        audience: pinned.policy.audience.clone(),
        base: base.clone(),
        policy: pinned.pin,
        issued: seconds(now),
        expires: seconds(expires),
        nonce: hex(&nonce),
        comment,
    })
}

fn introduce(session: &Session, predicate: &Predicate, pinned: &Pinned) {
    let style = session.terminal.out;
    let what = match predicate.decision {
        Decision::Approve => "approve",
        Decision::Reject => "reject",
    };
    let text = format!(
        "As {} you {what} this plan for {}, under version {} of the policy ({}).",
        predicate.principal,
        predicate.audience,
        pinned.pin.version,
        pinned.pin.digest.short()
    );
    session
        .terminal
        .result(&format!("\n{}", style.wrap("", "", &harmless(&text))));
    if !pinned.is_remembered {
        let text = format!(
            "note: the journal does not know this policy ({}); what counts is the one that is pinned where `apply` runs",
            pinned.file.display()
        );
        session
            .terminal
            .remark(&session.terminal.err.wrap("", "  ", &harmless(&text)));
    }
}

/// What can be found out here about what the plan says, before somebody relies on it.
async fn inspect(session: &Session, arguments: &Approve, plan: &Plan) -> Result<(), Failure> {
    let bundle = session.project.bundle(arguments.bundle.as_deref())?;
    let net = Net::new(session.surroundings.cache());
    let mut lines = contents::check(plan, &bundle, net.artifacts()).await?;
    lines.push("Everything else is as the plan states it.".to_owned());
    let style = session.terminal.out;
    let lines = lines
        .iter()
        .map(|line| style.wrap("", "  ", &harmless(line)));
    let text: Vec<String> = lines.collect();
    session.terminal.result(&text.join("\n"));
    Ok(())
}

/// Has the person type one package and version of the plan: a yes out of habit does not get that far.
fn confirm(session: &Session, arguments: &Approve, plan: &Plan) -> Result<(), Failure> {
    let named = |step: &Step| format!("{}@{}", step.address.package, step.version);
    let names: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.effect.class() != Class::Inert)
        .map(named)
        .collect();
    if names.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "there is nothing to approve: the plan changes no registry",
        ));
    }
    let said = match &arguments.yes {
        Some(said) => said.clone(),
        None if session.terminal.interactive => session
            .terminal
            .ask_text("Type one package that it touches, with its version (NAME@VERSION):"),
        None => {
            return Err(
                Failure::new(Exit::Usage, "there is nobody to ask, so nothing was signed")
                    .hint("say --yes NAME@VERSION with one package that the plan touches"),
            );
        }
    };
    if names.contains(&said) {
        return Ok(());
    }
    let message = format!(
        "{:?} is not a package and version that this plan touches, so nothing was signed",
        harmless(&said)
    );
    Err(Failure::new(Exit::Usage, message)
        .hint("look at the plan again; a package's name and its new version stand side by side"))
}

fn write(
    arguments: &Approve,
    decision: Decision,
    person: &str,
    record: &[u8],
) -> Result<PathBuf, Failure> {
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| collect::beside(&arguments.plan));
    let word = match decision {
        Decision::Approve => "approve",
        Decision::Reject => "reject",
    };
    let name: String = person
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-') => c,
            _ => '_',
        })
        .collect();
    let file = folder.join(format!("{word}-{name}-{}.json", Sha256::of(record).short()));
    crate::files::write_whole(&file, record)?;
    Ok(file)
}

/// What the plan's approvals come to with this one.
fn standing(
    session: &Session,
    subject: &Subject,
    pinned: &Pinned,
    arguments: &Approve,
    file: PathBuf,
    record: Vec<u8>,
) -> Result<Exit, Failure> {
    let mut records = collect::in_folders(
        subject.digest(),
        Some(&collect::beside(&arguments.plan)),
        &[],
    )?;
    records.push(Offered {
        name: file.display().to_string(),
        bytes: record,
    });
    let verdict = verify(&Question {
        subject,
        policy: &pinned.policy,
        started: true,
        records: &collect::each_once(records),
        evidence: &[],
        now: SystemClock.now(),
    });
    session
        .terminal
        .result(&approvals_text::answer(&verdict, session.terminal.out));
    let own = file.display().to_string();
    for rule in &verdict.rules {
        for one in rule.discounted.iter().filter(|one| one.record == own) {
            let text = format!(
                "note: under the rule {} yours does not count: {}",
                rule.rule, one.reason
            );
            session
                .terminal
                .remark(&session.terminal.err.wrap("", "  ", &text));
        }
    }
    let refused = verdict.refused.iter().find(|one| one.record == own);
    match refused {
        Some(refused) => Err(Failure::new(Exit::Approval, refused.reason.clone())
            .while_doing("it is signed, and does not count")),
        None => Ok(Exit::Done),
    }
}
