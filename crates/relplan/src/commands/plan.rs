//! `relplan plan`: what would change at the registries.

use super::{Session, page, show::present};
use crate::{
    arguments::{Plan, PlanFormat},
    events::progress::Progress,
    exit::Exit,
    failure::Failure,
    forge::Reporting,
    planning::Ground,
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
        write_whole(out, &made.bytes)?;
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

/// Writes a file so that it is there whole or not at all.
pub fn write_whole(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let write = || {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(std::path::Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            // As any other program's output: plans and pages are there to be shown to others, and hold no secret.
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok::<(), std::io::Error>(())
    };
    write().map_err(|error| {
        Failure::of(Exit::Internal, &error).while_doing(format!("cannot write {}", path.display()))
    })
}
