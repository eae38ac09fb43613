//! Opening what is below a folder, and nothing else: the system resolves a path without links where it can hold it beneath
//! the folder (`openat2`), else each part of the path is opened by itself, and links are followed by hand.
//!
//! Why by hand: a link may lead into `.git`, and an absolute one back into the tree is fine; other systems, old kernels
//! and some containers have no such call.

#[cfg(unix)]
pub(super) use self::unix::Root;

#[cfg(not(unix))]
pub(super) use self::by_path::Root;

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsString,
        fs::File,
        io,
        os::{fd::OwnedFd, unix::ffi::OsStringExt as _},
        path::{Component, Path, PathBuf},
    };

    use rustix::{
        fs::{self, AtFlags, FileType, Mode, OFlags},
        io::{Errno, retry_on_intr},
    };

    use crate::tree::{Failed, Kind, is_of_git};

    /// How a file is opened to be read: without waiting for the other end of a pipe, nor becoming a terminal's own.
    pub(in crate::tree) const READ: OFlags = OFlags::RDONLY
        .union(OFlags::NONBLOCK)
        .union(OFlags::NOCTTY)
        .union(OFlags::CLOEXEC);

    const FOLDER: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::CLOEXEC);

    /// As many links are followed as Linux follows.
    const MAX_LINKS: usize = 40;

    /// A folder, held open.
    #[derive(Debug)]
    pub(in crate::tree) struct Root {
        folder: OwnedFd,
        /// Absolute and without links: absolute links below are compared with it.
        path: PathBuf,
    }

    /// A name that is no link, in a folder below the root.
    struct Found {
        folder: OwnedFd,
        name: OsString,
        kind: FileType,
    }

    impl Root {
        pub(in crate::tree) fn open(path: &Path) -> io::Result<Self> {
            let folder = retry_on_intr(|| fs::open(path, FOLDER, Mode::empty()))?;
            Ok(Self {
                folder,
                path: path.to_owned(),
            })
        }

        pub(in crate::tree) fn open_file(&self, path: &Path) -> Result<File, Failed> {
            refuse_git(path)?;
            if let Some(opened) = beneath(&self.folder, path, READ)? {
                return Ok(opened.into());
            }
            self.open_by_parts(path)
        }

        pub(in crate::tree) fn look(&self, path: &Path) -> Result<Kind, Failed> {
            #[cfg(target_os = "linux")]
            if let Some(opened) = beneath(&self.folder, path, OFlags::PATH | OFlags::CLOEXEC)? {
                let stat = fs::fstat(&opened).map_err(failed)?;
                return Ok(kind(FileType::from_raw_mode(stat.st_mode)));
            }
            let anything = |_: &Path| Ok(());
            Ok(kind(self.find(path, anything)?.kind))
        }

        pub(in crate::tree) fn open_by_parts(&self, path: &Path) -> Result<File, Failed> {
            let Found {
                folder,
                name,
                kind: found,
            } = self.find(path, refuse_git)?;
            if kind(found) == Kind::Other {
                return Err(Failed::NotAFile);
            }
            let open = || fs::openat(&folder, &name, READ | OFlags::NOFOLLOW, Mode::empty());
            retry_on_intr(open).map(File::from).map_err(failed)
        }

        /// Goes down the path, part by part. Going up is going back, so that no folder which is moved meanwhile leads out.
        /// What must not be on the path must not be on that of a link either.
        fn find(
            &self,
            path: &Path,
            allow: impl Fn(&Path) -> Result<(), Failed>,
        ) -> Result<Found, Failed> {
            allow(path)?;
            let mut way: Vec<OwnedFd> = Vec::new();
            let mut parts = self.parts(path)?;
            let mut links = 0;
            while let Some(part) = parts.pop() {
                let Some(name) = part else {
                    way.pop().ok_or(Failed::Outside)?;
                    continue;
                };
                let here = way.last().unwrap_or(&self.folder);
                let stat = fs::statat(here, &name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
                let kind = FileType::from_raw_mode(stat.st_mode);
                if kind == FileType::Symlink {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(failed(Errno::LOOP));
                    }
                    let target = fs::readlinkat(here, &name, Vec::new()).map_err(failed)?;
                    let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                    if target.is_absolute() {
                        let below = target.strip_prefix(&self.path);
                        let below = below.map_err(|_| Failed::Outside)?;
                        allow(below)?;
                        parts.extend(self.parts(below)?);
                        way.clear();
                    } else {
                        allow(&target)?;
                        parts.extend(self.parts(&target)?);
                    }
                } else if parts.is_empty() {
                    let folder = match way.pop() {
                        Some(folder) => folder,
                        None => self.folder.try_clone().map_err(Failed::Io)?,
                    };
                    return Ok(Found { folder, name, kind });
                } else {
                    let open = || fs::openat(here, &name, FOLDER | OFlags::NOFOLLOW, Mode::empty());
                    way.push(retry_on_intr(open).map_err(failed)?);
                }
            }
            // A path that ends with `..`, or has no part at all, is a folder.
            let folder = match way.pop() {
                Some(folder) => folder,
                None => self.folder.try_clone().map_err(Failed::Io)?,
            };
            Ok(Found {
                folder,
                name: ".".into(),
                kind: FileType::Directory,
            })
        }

        /// The parts of a relative path, the last one first; `None`: one up.
        fn parts(&self, path: &Path) -> Result<Vec<Option<OsString>>, Failed> {
            let mut parts = Vec::new();
            for part in path.components() {
                match part {
                    Component::Normal(name) => parts.push(Some(name.to_owned())),
                    Component::ParentDir => parts.push(None),
                    Component::CurDir => {}
                    Component::RootDir | Component::Prefix(_) => return Err(Failed::Outside),
                }
            }
            parts.reverse();
            Ok(parts)
        }
    }

    fn refuse_git(path: &Path) -> Result<(), Failed> {
        let mut names = path.components();
        match names.any(|part| matches!(part, Component::Normal(name) if is_of_git(name))) {
            true => Err(Failed::OfGit),
            false => Ok(()),
        }
    }

    /// Has the system hold the path beneath the folder, where it has no links; `None` where it has some, where there is no
    /// such call, or where it does not want to decide.
    #[cfg(target_os = "linux")]
    fn beneath(folder: &OwnedFd, path: &Path, how: OFlags) -> Result<Option<OwnedFd>, Failed> {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match retry_on_intr(|| fs::openat2(folder, path, how, Mode::empty(), resolve)) {
            Ok(opened) => Ok(Some(opened)),
            Err(error @ (Errno::NOENT | Errno::NOTDIR)) => Err(failed(error)),
            // Going by hand has the last word: out of the tree, no such call, or a refusal that is repeated there.
            Err(_) => Ok(None),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn beneath(_: &OwnedFd, _: &Path, _: OFlags) -> Result<Option<OwnedFd>, Failed> {
        Ok(None)
    }

    fn failed(error: Errno) -> Failed {
        match error {
            // A socket, or a device without a driver.
            Errno::NXIO => Failed::NotAFile,
            other => Failed::Io(other.into()),
        }
    }

    fn kind(found: FileType) -> Kind {
        match found {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            _ => Kind::Other,
        }
    }
}

#[cfg(not(unix))]
mod by_path {
    //! Where files cannot be opened relative to a folder, paths are resolved first and compared then.

    use std::{
        fs::{self, File},
        io,
        path::{Path, PathBuf},
    };

    use crate::tree::{Failed, Kind, is_of_git};

    /// A folder.
    #[derive(Debug)]
    pub(in crate::tree) struct Root(PathBuf);

    impl Root {
        pub(in crate::tree) fn open(path: &Path) -> io::Result<Self> {
            match path.is_dir() {
                true => Ok(Self(path.to_owned())),
                false => Err(io::ErrorKind::NotADirectory.into()),
            }
        }

        pub(in crate::tree) fn open_file(&self, path: &Path) -> Result<File, Failed> {
            let real = self.find(path)?;
            let below = real.strip_prefix(&self.0).unwrap_or(&real);
            if path.iter().chain(below.iter()).any(is_of_git) {
                return Err(Failed::OfGit);
            }
            File::open(real).map_err(Failed::Io)
        }

        pub(in crate::tree) fn look(&self, path: &Path) -> Result<Kind, Failed> {
            let about = fs::metadata(self.find(path)?).map_err(Failed::Io)?;
            Ok(match (about.is_file(), about.is_dir()) {
                (true, _) => Kind::File,
                (_, true) => Kind::Folder,
                (false, false) => Kind::Other,
            })
        }

        fn find(&self, path: &Path) -> Result<PathBuf, Failed> {
            let real = self.0.join(path).canonicalize().map_err(Failed::Io)?;
            match real.starts_with(&self.0) {
                true => Ok(real),
                false => Err(Failed::Outside),
            }
        }
    }
}

#[cfg(unix)]
pub(super) use self::unix::READ;
