//! Prints what discovery finds: `cargo run --example discover -- ROOT [ECOSYSTEM=PATH[,EXCLUDE]…]…`.
//!
//! Without workspaces it looks for the three kinds at the root.

use std::io;

use camino::Utf8PathBuf;
use relplan_model::address::Ecosystem;
use relplan_workspace::{Discovery, Publishable, WorkspaceRef, discover};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let root = Utf8PathBuf::from(arguments.next().unwrap_or_else(|| ".".to_owned()));
    let mut workspaces = arguments
        .map(|argument| workspace(&argument))
        .collect::<Result<Vec<_>, _>>()?;
    if workspaces.is_empty() {
        for (ecosystem, manifest) in [
            ("cargo", "Cargo.toml"),
            ("npm", "package.json"),
            ("python", "pyproject.toml"),
        ] {
            if root.join(manifest).is_file() {
                workspaces.push(workspace(&format!("{ecosystem}=."))?);
            }
        }
    }
    let found = discover(&root, &workspaces)?;
    print(&found, &mut io::stdout().lock())?;
    Ok(())
}

fn workspace(argument: &str) -> Result<WorkspaceRef, Box<dyn std::error::Error>> {
    let (ecosystem, rest) = argument.split_once('=').unwrap_or((argument, "."));
    let mut parts = rest.split(',').map(str::to_owned);
    Ok(WorkspaceRef {
        ecosystem: Ecosystem::new(ecosystem)?,
        path: parts.next().unwrap_or_default(),
        exclude: parts.collect(),
    })
}

fn print(found: &Discovery, out: &mut impl io::Write) -> io::Result<()> {
    for package in &found.packages {
        let version = package.version.as_ref().map_or("?", |text| text.as_str());
        let publishable = match &package.publishable {
            Publishable::Anywhere => String::new(),
            Publishable::Nowhere => " (private)".to_owned(),
            Publishable::Only(registries) => format!(" (only {})", registries.join(", ")),
        };
        let manager = package.manager.as_deref().unwrap_or("-");
        writeln!(
            out,
            "{} {} {version}{publishable}  {} [{manager} in {}]",
            package.id.ecosystem, package.id.name, package.path, package.workspace_root
        )?;
        for (name, value) in &package.settings.0 {
            writeln!(out, "    {name} = {value:?}")?;
        }
        for dependency in &package.dependencies {
            writeln!(
                out,
                "    {:?} {} {:?}",
                dependency.kind, dependency.on.name, dependency.requirement
            )?;
        }
        for finding in &package.findings {
            writeln!(
                out,
                "    {} [{}] {}",
                finding.severity, finding.code, finding.message
            )?;
        }
    }
    for finding in &found.findings {
        writeln!(
            out,
            "{} [{}] {}",
            finding.severity, finding.code, finding.message
        )?;
        if let Some(hint) = &finding.hint {
            writeln!(out, "    {hint}")?;
        }
    }
    writeln!(
        out,
        "{} packages, {} findings",
        found.packages.len(),
        found.findings.len()
    )
}
