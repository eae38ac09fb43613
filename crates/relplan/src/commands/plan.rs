//! `relplan plan`: what would change at the registries.

use super::{Session, page, show::present};
use crate::{
    arguments::{Plan, PlanFormat},
    events::progress::Progress,
    exit::Exit,
    failure::Failure,
    forge::Reporting,
    next::{Next, Situation},
    planning::Ground,
    view::next_text,
};

/// Runs it.
pub async fn run(session: &Session, arguments: &Plan) -> Result<Exit, Failure> {
    let style = session.terminal.err;
    let reporting = Reporting::prepare(session, &arguments.report)?;
    let ground = Ground::new(
        session,
        &arguments.places,
        &arguments.pinned,
        &session.surroundings,
        style,
    )
    .await?;
    let folder = ground.folder()?;
    let bundle = folder.as_ref().map(|folder| folder.bundle().clone());
    let wishes = ground.wishes(
        &session.project,
        bundle.as_ref(),
        &arguments.planning,
        style,
    )?;
    let made = {
        let progress = Progress::new(session.terminal);
        let observations = ground.observe(&wishes, &progress).await;
        let planning = &arguments.planning;
        ground
            .plan_with_contents(&wishes, observations, bundle, planning, &progress)
            .await?
    };
    if let Some(out) = &arguments.out {
        crate::files::write_whole(out, &made.bytes)?;
    }
    present(session, &made, &arguments.shown, Some(&ground.state))?;
    if let Some(file) = &arguments.shown.html {
        page::write(session, &made, arguments.places.bundle.as_deref(), file).await?;
    }
    if let Some(out) = &arguments.out
        && !matches!(
            arguments.shown.format,
            PlanFormat::Json | PlanFormat::GithubMatrix
        )
    {
        session
            .terminal
            .remark(&format!("saved to {}\n", out.display()));
        if made.plan.has_steps() && made.plan.applicable && ground.state.open.is_none() {
            let approvals = made.plan.policy.is_some() || !made.plan.gates.is_empty();
            let next = Next::of(&Situation::Saved { approvals }, &session.typed);
            let text = next_text::render(&next, session.terminal.err);
            session.terminal.remark(text.trim_start());
        }
    }
    if arguments.shown.format == PlanFormat::Text
        && !made.plan.has_steps()
        && let Some(situation) = super::apply::ending::held_back(made.exit())
    {
        let next = Next::of(&situation, &session.typed);
        let text = next_text::render(&next, session.terminal.err);
        session.terminal.remark(&text);
    }
    let exit = match made.exit() {
        Exit::Done if arguments.detailed_exitcode && made.plan.has_steps() => Exit::Changes,
        exit => exit,
    };
    reporting
        .tell(session, &made, exit, arguments.out.as_deref())
        .await?;
    Ok(exit)
}
