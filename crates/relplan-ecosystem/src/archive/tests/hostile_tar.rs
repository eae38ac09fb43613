//! Tars that clients read differently (I1 and its neighbours), for every format that is one.

use super::{
    made::{Tar, gzip, pax_record},
    *,
};

const TARS: [Format; 3] = [Format::Crate, Format::NpmTarball, Format::Sdist];

/// The folder around the files of a format, and the name of the file that says who it is.
fn parts(format: Format) -> (&'static str, &'static str, &'static str) {
    let (path, text) = identity(format);
    let (folder, name) = path.split_once('/').unwrap();
    (folder, name, text)
}

/// I1: a second identity under another spelling of its path, whatever the spelling.
#[test]
fn l3_i1_a_second_identity_is_refused_however_it_is_spelled() {
    for format in TARS {
        let (folder, name, text) = parts(format);
        let evil = text.replace("1.0.0", "6.6.6");
        let upper = name.to_uppercase();
        let mixed: String = name
            .chars()
            .rev()
            .map(|c| c.to_ascii_uppercase())
            .rev()
            .collect();
        let other = if upper == name {
            name.to_lowercase()
        } else {
            mixed
        };
        for second in [
            format!("{folder}/{name}"),
            format!("{folder}//{name}"),
            format!("{folder}/./{name}"),
            format!("{folder}/.//{name}"),
            format!("./{folder}/../{folder}/{name}"),
            format!("other/{name}"),
            format!("./{name}"),
            format!("/{folder}/{name}"),
            format!("{folder}/x/../{name}"),
            format!("{folder}\\{name}"),
            format!("{folder}/{other}"),
            format!("{folder}/{name}."),
            format!("{folder}/{name}:$DATA"),
            format!("{folder}/c:/{name}"),
        ] {
            let kinds: &[u8] = if second == format!("{folder}/{name}") {
                b"0\x007"
            } else {
                b"0"
            };
            for kind in kinds {
                let evil = evil.as_bytes();
                let good = Tar::default().file(&format!("{folder}/{name}"), text);
                let behind = good.clone().raw(*kind, second.as_bytes(), b"", evil);
                let before = Tar::default()
                    .raw(*kind, second.as_bytes(), b"", evil)
                    .file(&format!("{folder}/{name}"), text);
                for tar in [behind, before] {
                    let said = said(format, &tar.gzip());
                    assert!(
                        said.starts_with("refused: it holds"),
                        "{format:?} {second:?}: {said}"
                    );
                }
            }
        }
    }
}

/// I1: what stands in a tar besides plain files, by what is said about it.
#[test]
fn l3_i1_entries_that_clients_take_differently_are_refused() {
    for format in TARS {
        let (folder, name, text) = parts(format);
        let good = || Tar::default().file(&format!("{folder}/{name}"), text);
        let x = format!("{folder}/x");
        let file = |tar: Tar| tar.file(&x, "x");
        let refused: Vec<(&str, Tar)> = vec![
            ("contiguous", good().raw(b'7', x.as_bytes(), b"", b"x")),
            (
                "neither a file nor a folder nor a link",
                good().raw(b'3', x.as_bytes(), b"", b""),
            ),
            (
                "neither a file nor a folder nor a link",
                good().raw(b'4', x.as_bytes(), b"", b""),
            ),
            (
                "neither a file nor a folder nor a link",
                good().raw(b'6', x.as_bytes(), b"", b""),
            ),
            (
                "neither a file nor a folder nor a link",
                good().raw(b'D', x.as_bytes(), b"", b""),
            ),
            (
                "neither a file nor a folder nor a link",
                good().raw(b'V', x.as_bytes(), b"", b""),
            ),
            (
                "neither a file nor a folder nor a link",
                good().raw(b'X', x.as_bytes(), b"", b""),
            ),
            (
                "neither a file nor a folder nor a link",
                good().raw(b'~', x.as_bytes(), b"", b"x"),
            ),
            ("holes", good().raw(b'S', x.as_bytes(), b"", b"x")),
            (
                "has bytes although",
                good().raw(b'5', x.as_bytes(), b"", b"x"),
            ),
            (
                "has bytes although",
                good().raw(b'0', format!("{x}/").as_bytes(), b"", b"x"),
            ),
            ("both a file and a folder", good().file(&x, "x").folder(&x)),
            ("both a file and a folder", good().folder(&x).file(&x, "x")),
            (
                "both a file and a folder",
                good().file(&format!("{x}/y"), "").file(&x, "x"),
            ),
            (
                "folder is a file as well",
                good().file(&x, "x").file(&format!("{x}/y"), ""),
            ),
            ("more than once", good().file(&x, "1").file(&x, "2")),
            ("leads out", good().file(&format!("{folder}/../../y"), "")),
            (
                "control character",
                good().file(&format!("{folder}/a\u{7}"), ""),
            ),
            (
                "not in UTF-8",
                good().raw(b'0', &[folder.as_bytes(), b"/\xff"].concat(), b"", b""),
            ),
            (
                "too long",
                good()
                    .raw(b'L', b"l", b"", "a/".repeat(600).as_bytes())
                    .file(&x, ""),
            ),
            (
                "goes on behind its end",
                good().raw(b'0', &[x.as_bytes(), b"\0y"].concat(), b"", b""),
            ),
            (
                "goes on behind its end",
                good().raw(b'L', b"l", b"", b"a/b\0c").file(&x, ""),
            ),
            (
                "control character",
                file(good().pax(b'x', &[("path", "a/b\0c")])),
            ),
            ("leads out", file(good().pax(b'x', &[("path", "../../y")]))),
            (
                "more than once",
                file(good().pax(b'x', &[("path", &format!("{folder}/{name}"))])),
            ),
            (
                "more than once",
                file(good().raw(b'L', b"l", b"", format!("{folder}/{name}\0").as_bytes())),
            ),
            ("two sizes differ", file(good().pax(b'x', &[("size", "7")]))),
            (
                "a size that is none",
                file(good().pax(b'x', &[("size", "-1")])),
            ),
            (
                "one thing twice",
                file(good().pax(b'x', &[("path", &x), ("path", "a/b")])),
            ),
            (
                "only some clients heed",
                file(good().pax(b'x', &[("type", "SymbolicLink")])),
            ),
            (
                "only some clients heed",
                file(good().pax(b'x', &[("hdrcharset", "BINARY")])),
            ),
            (
                "holes",
                file(good().pax(b'x', &[("GNU.sparse.name", "a/b")])),
            ),
            (
                "further line",
                file(good().pax(
                    b'x',
                    &[("comment", &format!("a\n{}", pax_record("path", "a/b")))],
                )),
            ),
            (
                "several records",
                file(
                    good()
                        .pax(b'x', &[("mtime", "1")])
                        .pax(b'x', &[("mtime", "1")]),
                ),
            ),
            (
                "several records",
                file(
                    good()
                        .pax(b'x', &[("mtime", "1")])
                        .raw(b'L', b"l", b"", b"a/b"),
                ),
            ),
            (
                "several records",
                file(
                    good()
                        .raw(b'L', b"l", b"", b"a/b")
                        .pax(b'x', &[("mtime", "1")]),
                ),
            ),
            (
                "several records",
                file(
                    good()
                        .raw(b'L', b"l", b"", b"a/b")
                        .raw(b'L', b"l", b"", b"a/c"),
                ),
            ),
            (
                "several records",
                file(
                    good()
                        .pax(b'x', &[("mtime", "1")])
                        .pax(b'g', &[("comment", "1")]),
                ),
            ),
            (
                "what all files behind it are",
                file(good().pax(b'g', &[("path", "a/b")])),
            ),
            (
                "what all files behind it are",
                file(good().pax(b'g', &[("size", "0")])),
            ),
            (
                "what all files behind it are",
                file(good().pax(b'g', &[("linkpath", "a/b")])),
            ),
            (
                "malformed",
                file(good().raw(b'x', b"p", b"", b"9 path=a/b\n")),
            ),
            (
                "malformed",
                file(good().raw(b'x', b"p", b"", b"path=a/b\n")),
            ),
            (
                "more than a mebibyte",
                good().raw(b'L', b"l", b"", &vec![b'a'; (1 << 20) + 1]),
            ),
            ("does not follow", good().pax(b'x', &[("path", "a/b")])),
            (
                "a second part",
                file(good()).changed(1, |h| {
                    h[257..265].copy_from_slice(b"ustar  \0");
                    h[345..348].copy_from_slice(b"pre");
                }),
            ),
            (
                "a second part",
                file(good()).changed(1, |h| {
                    h[257..265].fill(0);
                    h[345] = b'p';
                }),
            ),
            (
                "announces another file",
                good()
                    .raw(b'L', b"l", b"", b"a/b")
                    .changed(3, |h| h[257..265].fill(0)),
            ),
            (
                "size is no number",
                file(good()).changed(1, |h| h[124..127].copy_from_slice(b"+0_")),
            ),
            ("checksum", {
                let mut tar = file(good());
                let at = tar.0.len() - 1024;
                tar.0[at] ^= 1;
                tar
            }),
        ];
        for (why, tar) in refused {
            let said = said(format, &tar.gzip());
            assert!(
                said.starts_with("refused:") && said.contains(why),
                "{format:?}, {why}: {said}"
            );
        }
    }
}

/// I1: bytes behind what one client takes for the end.
#[test]
fn l3_i1_what_stands_behind_an_end_is_refused() {
    for format in TARS {
        let (folder, name, text) = parts(format);
        let path = format!("{folder}/{name}");
        let good = Tar::default().file(&path, text);
        let evil = Tar::default().file(&path, &text.replace("1.0.0", "6.6.6"));
        let whole = good.clone().gzip();
        let mut one_zero = good.0.clone();
        one_zero.extend([0; 512]);
        one_zero.extend(evil.clone().ended());
        let cases: Vec<(&str, Vec<u8>)> = vec![
            (
                "behind the end of its tar",
                gzip(&[good.clone().ended(), evil.clone().ended()].concat()),
            ),
            ("behind the end of its tar", gzip(&one_zero)),
            (
                "behind the end of its gzip stream",
                [whole.clone(), evil.gzip()].concat(),
            ),
            (
                "behind the end of its gzip stream",
                [whole.clone(), b"x".to_vec()].concat(),
            ),
            ("it holds no", [gzip(&[]), whole.clone()].concat()),
            ("cannot be read", whole[..whole.len() - 9].to_vec()),
            ("cannot be read", gzip(&good.0[..good.0.len() - 1])),
        ];
        for (why, bytes) in cases {
            let said = said(format, &bytes);
            let is_behind = said.contains("behind the end");
            assert!(
                said.contains(why) || (why == "it holds no" && is_behind),
                "{format:?}, {why}: {said}"
            );
        }
        // All clients take these for the same.
        for bytes in [
            gzip(&good.0),
            gzip(&[good.0.clone(), vec![0; 512]].concat()),
            gzip(&[good.clone().ended(), vec![0; 9216]].concat()),
            [whole, vec![0; 100]].concat(),
        ] {
            assert_eq!(said(format, &bytes), "w 1.0.0", "{format:?}");
        }
    }
}

/// I1: links, which npm drops, cargo follows and registries refuse; sdists may have them.
#[test]
fn l3_i1_links_stay_inside_or_are_refused() {
    for format in TARS {
        let (folder, name, text) = parts(format);
        let path = format!("{folder}/{name}");
        let good = || Tar::default().file(&path, text);
        let in_folder = |name: &str| format!("{folder}/{name}");
        let inside = [
            good().symlink(&in_folder("a"), name),
            good().symlink(&in_folder("b/a"), "../x"),
            good().hard_link(&in_folder("a"), &path),
        ];
        for tar in inside {
            let said = said(format, &tar.gzip());
            match format {
                Format::Sdist => assert_eq!(said, "w 1.0.0"),
                _ => assert!(said.contains("which is a link"), "{format:?}: {said}"),
            }
        }
        let refused = [
            good().symlink(&in_folder("a"), "/etc/passwd"),
            good().symlink(&in_folder("a"), "../../x"),
            good().symlink(&in_folder("a"), "b/../../x"),
            good().hard_link(&in_folder("a"), &in_folder("later")),
            good().hard_link(&in_folder("a"), "/etc/passwd"),
            good().hard_link(&in_folder("a"), "../x"),
            good()
                .symlink(&in_folder("a"), "b")
                .file(&in_folder("a"), "x"),
            good()
                .symlink(&in_folder("a"), "b")
                .file(&in_folder("a/x"), "x"),
            good().symlink(&in_folder("a"), "b").folder(&in_folder("a")),
            good()
                .hard_link(&in_folder("a"), &path)
                .file(&in_folder("a"), "x"),
            Tar::default()
                .file(&in_folder("x"), text)
                .symlink(&path, "x"),
            Tar::default()
                .file(&in_folder("x"), text)
                .hard_link(&path, &in_folder("x")),
        ];
        for tar in refused {
            let said = said(format, &tar.gzip());
            assert!(said.starts_with("refused: it holds"), "{format:?}: {said}");
        }
    }
}

/// What packers of all kinds do write.
#[test]
fn what_packers_write_is_read() {
    for format in TARS {
        let (folder, name, text) = parts(format);
        let path = format!("{folder}/{name}");
        let good = || Tar::default().file(&path, text);
        let long = format!("{folder}/{}", "long/".repeat(30) + "x");
        let taken = [
            good()
                .folder(folder)
                .folder(&format!("{folder}/"))
                .folder(&format!("{folder}/a/")),
            good().raw(0, format!("{folder}/a").as_bytes(), b"", b"x"),
            good().raw(0, format!("{folder}/a/").as_bytes(), b"", b""),
            good()
                .file(&format!("{folder}/README.md"), "")
                .file(&format!("{folder}/readme.md"), ""),
            good().file(&format!("{folder}/docs/{name}"), "another"),
            good()
                .file(&format!("{folder}/odd//x"), "")
                .file(&format!("{folder}/odd/./y"), ""),
            Tar::default()
                .pax(b'g', &[("comment", "0123456789abcdef")])
                .file(&path, text),
            good()
                .raw(b'L', b"././@LongLink", b"", format!("{long}\0").as_bytes())
                .file("cut", ""),
            good()
                .pax(
                    b'x',
                    &[
                        ("path", &long),
                        ("size", "1"),
                        ("mtime", "1.5"),
                        ("SCHILY.xattr.a", "b\nc"),
                    ],
                )
                .file("cut", "x"),
            good().file(&format!("{folder}/x"), "x").changed(1, |h| {
                // Old node-tar keeps times where a longer prefix would end.
                h[476..487].copy_from_slice(b"14723232310");
            }),
            good().file("x", "x").changed(1, |h| {
                h[345..345 + folder.len()].copy_from_slice(folder.as_bytes());
            }),
            good().file(&format!("{folder}/x"), "x").changed(1, |h| {
                h[124..136].copy_from_slice(b"\x80\0\0\0\0\0\0\0\0\0\0\x01");
            }),
        ];
        for (number, tar) in taken.into_iter().enumerate() {
            assert_eq!(said(format, &tar.gzip()), "w 1.0.0", "{format:?} {number}");
        }
    }
    // npm takes any folder for the one around, and several of them.
    let tar = Tar::default()
        .file("./package.json", NPM)
        .file("lib/a.js", "")
        .file("x/b.js", "");
    assert_eq!(said(Format::NpmTarball, &tar.gzip()), "w 1.0.0");
    // It does not see what is not in a folder, and drops the first folder alone.
    let tar = Tar::default().file("package.json", NPM);
    assert!(said(Format::NpmTarball, &tar.gzip()).contains("in no folder"));
    let tar = Tar::default().file("./package/package.json", NPM);
    assert!(said(Format::NpmTarball, &tar.gzip()).contains("it holds no package.json"));
    // pip drops the folder only where everything is in it.
    let tar = Tar::default()
        .file("w-1.0.0/PKG-INFO", PYTHON)
        .file("setup.py", "");
    assert!(said(Format::Sdist, &tar.gzip()).contains("not in the one folder"));
}
