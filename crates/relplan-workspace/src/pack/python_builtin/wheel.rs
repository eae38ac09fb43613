//! The wheel: the project's files, `.dist-info` with `RECORD` last (Python packaging specification "binary
//! distribution format"), the same bytes whenever and wherever it is made.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use camino::Utf8Path;
use sha2::Digest as _;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::{GENERATOR, project::Project, sources::Sources};
use crate::pack::{Job, PackError, archive::Entry};

/// Writes a project's wheel.
pub(super) fn write(
    path: &Utf8Path,
    job: &Job,
    project: &Project,
    sources: &Sources,
    metadata: &str,
) -> Result<(), PackError> {
    let entries = entries(job, project, sources, metadata)?;
    let record = format!("{}/RECORD", dist_info(project));
    write_zip(path, &entries, &record).map_err(PackError::io("write", path))
}

fn dist_info(project: &Project) -> String {
    format!("{}-{}.dist-info", project.file_stem(), project.version)
}

fn entries(
    job: &Job,
    project: &Project,
    sources: &Sources,
    metadata: &str,
) -> Result<Vec<Entry>, PackError> {
    let dist_info = dist_info(project);
    let tree = job.tree()?;
    let mut entries = Vec::new();
    let mut add = |name: String, path: camino::Utf8PathBuf| {
        let entry = Entry::file(name, &tree, path.clone()).map_err(PackError::io("read", &path));
        entry.map(|entry| entries.push(entry))
    };
    for file in &sources.files {
        add(file.clone(), sources.path(job, file))?;
    }
    for file in &project.license_files {
        add(format!("{dist_info}/licenses/{file}"), job.path.join(file))?;
    }
    entries.push(Entry::made(format!("{dist_info}/METADATA"), metadata));
    entries.push(Entry::made(
        format!("{dist_info}/WHEEL"),
        format!(
            "Wheel-Version: 1.0\nGenerator: {GENERATOR}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    ));
    if !project.entry_points.is_empty() {
        let mut text = String::new();
        for (group, points) in &project.entry_points {
            text.push_str(&format!("[{group}]\n"));
            for (name, object) in points {
                text.push_str(&format!("{name} = {object}\n"));
            }
            text.push('\n');
        }
        entries.push(Entry::made(format!("{dist_info}/entry_points.txt"), text));
    }
    Ok(entries)
}

fn write_zip(path: &Utf8Path, entries: &[Entry], record: &str) -> io::Result<()> {
    let mut archive = ZipWriter::new(io::BufWriter::new(File::create_new(path)?));
    let mut lines = String::new();
    for entry in entries {
        archive.start_file(&entry.name, options(entry.mode()))?;
        let (digest, size) = copy(entry, &mut archive)?;
        lines.push_str(&format!("{},sha256={digest},{size}\n", field(&entry.name)));
    }
    lines.push_str(&format!("{},,\n", field(record)));
    archive.start_file(record, options(0o644))?;
    archive.write_all(lines.as_bytes())?;
    archive.finish()?.flush()
}

fn options(mode: u32) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(mode)
}

fn copy(entry: &Entry, to: &mut impl io::Write) -> io::Result<(String, u64)> {
    let (_, mut bytes) = entry.open()?;
    let mut sha256 = sha2::Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        let count = bytes.read(&mut buffer)?;
        if count == 0 {
            return Ok((URL_SAFE_NO_PAD.encode(sha256.finalize()), size));
        }
        let piece = buffer.get(..count).unwrap_or_default();
        sha256.update(piece);
        to.write_all(piece)?;
        size += count as u64;
    }
}

/// A field of a CSV line.
fn field(text: &str) -> String {
    match text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
