//! Which configuration says where a target is, and that halves of two indexes are not put together.

use std::{collections::BTreeMap, fs};

use super::*;

struct Case {
    folder: tempfile::TempDir,
    vars: BTreeMap<String, String>,
    settings: Settings,
}

/// What the stand-in clients say is built into them.
const INDEX: &str = "https://index.example/simple";
const UPLOAD: &str = "https://upload.index.example/legacy/";

impl Case {
    /// Surroundings with these variables and settings, and neither pip nor twine nor uv.
    fn new(vars: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "cache", "bin", "project/bin"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut all = BTreeMap::from([
            (
                "PATH".to_owned(),
                format!("bin:{}:{}", path("project/bin"), path("bin")),
            ),
            ("PIP_CONFIG_FILE".to_owned(), "/dev/null".to_owned()),
        ]);
        all.extend(
            vars.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Self {
            settings: settings
                .iter()
                .fold(Settings::default(), |all, (name, value)| {
                    all.with_text(name, *value)
                }),
            folder,
            vars: all,
        }
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Puts a program there that answers as Python with pip and twine would.
    #[cfg(unix)]
    fn python(self, place: &str, index: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let script = format!(
            "#!/bin/sh\necho asked >> '{}'\n[ \"$1 $2\" = '-I -c' ] || exit 1\n\
             [ -z \"$CANARY$TWINE_PASSWORD\" ] || exit 1\nfor f in *; do [ ! -e \"$f\" ] || exit 1; done\n\
             echo warning >&2\n\
             case \"$3\" in *PyPI*) echo {index};; *DEFAULT*) echo {UPLOAD};; *) echo https://test.index.example/legacy/;; esac\n",
            self.folder.path().join("asked").display()
        );
        let case = self.file(place, &script);
        let path = case.folder.path().join(place);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        case
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            home: Some(self.folder.path().join("home")),
            project: Some(self.folder.path().join("project")),
            vars: self.vars.clone(),
            cache: Some(self.folder.path().join("cache")),
            ..Surroundings::default()
        }
    }

    async fn resolve(&self) -> Places {
        let target = TargetName::new("shop").unwrap();
        resolve(&target, &self.settings, &self.surroundings()).await
    }

    /// Both places in a line each: URL and source, or the finding's message.
    async fn show(&self) -> [String; 2] {
        let places = self.resolve().await;
        let show = |place: &Result<Place, Finding>| match place {
            Ok(place) => format!("{} ({})", place.url, place.source),
            Err(finding) => finding.message.clone(),
        };
        [show(&places.upload), show(&places.read)]
    }
}

const PYPIRC: &str = "[distutils]\nindex-servers =\n  pypi\n  corp\n[pypi]\nrepository = https://rc.example/up/\n\
    [corp]\nrepository: https://corp.example/up/\n[empty]\nusername = x\n";

#[tokio::test]
async fn the_upload_url_comes_from_where_twine_and_uv_would_take_it() {
    let twine = ("TWINE_REPOSITORY_URL", "https://twine.example/up/");
    let uv = ("UV_PUBLISH_URL", "https://uv.example/up/");
    let uv_toml = "publish-url = \"https://toml.example/up/\"\n";
    #[rustfmt::skip]
    let cases: [(&[_], &[_], &str, &str); 8] = [
        (&[uv, twine], &[("url", "https://spec.example/up/"), ("repository", "corp")], PYPIRC, "https://spec.example/up/ (spec)"),
        (&[uv, twine], &[("repository", "corp")], PYPIRC, "https://corp.example/up/ (section corp of ~/.pypirc)"),
        (&[uv, twine], &[], PYPIRC, "https://twine.example/up/ (TWINE_REPOSITORY_URL)"),
        (&[uv], &[], PYPIRC, "https://uv.example/up/ (UV_PUBLISH_URL)"),
        (&[("TWINE_REPOSITORY", "corp")], &[], PYPIRC, "https://corp.example/up/ (section corp of ~/.pypirc)"),
        (&[], &[], PYPIRC, "https://rc.example/up/ (section pypi of ~/.pypirc)"),
        (&[], &[], "", "https://toml.example/up/ (publish-url in ~/.config/uv/uv.toml)"),
        (&[], &[("repository", "empty")], PYPIRC, "target shop uploads to the section empty of ~/.pypirc, which names no repository"),
    ];
    for (vars, settings, pypirc, wanted) in cases {
        let case = Case::new(vars, settings)
            .file("home/.pypirc", pypirc)
            .file("home/.config/uv/uv.toml", uv_toml);
        assert_eq!(case.show().await[0], wanted);
    }
    let lost = Case::new(&[], &[]).show().await;
    assert_eq!(lost[0], "nothing says where target shop is uploaded to");
    assert_eq!(
        lost[1],
        "nothing says where the Python package index is read"
    );
}

#[tokio::test]
async fn the_index_url_comes_from_where_uv_and_pip_would_take_it() {
    let default = ("UV_DEFAULT_INDEX", "shop=https://uv1.example/simple/");
    let index = ("UV_INDEX_URL", "https://uv2.example/simple");
    let pip = (
        "PIP_INDEX_URL",
        "https://user:canary@pip.example/root/pypi/+simple",
    );
    let no_file = ("PIP_CONFIG_FILE", "");
    #[rustfmt::skip]
    let cases: [(&[_], &[_], &str); 6] = [
        (&[default, index, pip], &[("read-url", "https://spec.example/simple")], "https://spec.example/simple/ (spec)"),
        (&[default, index, pip], &[], "https://uv1.example/simple/ (UV_DEFAULT_INDEX)"),
        (&[index, pip], &[], "https://uv2.example/simple/ (UV_INDEX_URL)"),
        (&[pip], &[], "https://pip.example/root/pypi/+simple/ (PIP_INDEX_URL)"),
        (&[no_file], &[], "https://conf.example/simple/ (index-url in ~/.config/pip/pip.conf)"),
        (&[], &[], "https://toml.example/simple/ (the default index in ~/.config/uv/uv.toml)"),
    ];
    for (vars, settings, wanted) in cases {
        let case = Case::new(vars, settings)
            .file("home/.pip/pip.conf", "[global]\nindex-url = https://old.example/simple\n")
            .file("home/.config/pip/pip.conf", "[global]\nindex_url = https://conf.example/simple\n")
            .file("home/.config/uv/uv.toml", "[[index]]\nurl = \"https://no.example/\"\n[[index]]\nurl = \"https://toml.example/simple\"\ndefault = true\n");
        assert_eq!(case.show().await[1], wanted);
    }
    let install = Case::new(&[no_file], &[])
        .file(
            "home/.pip/pip.conf",
            "[install]\nindex-url = https://old.example/simple\n",
        )
        .file(
            "home/.config/pip/pip.conf",
            "[global]\nindex-url = https://conf.example/simple\n",
        );
    assert_eq!(
        install.show().await[1],
        "https://old.example/simple/ (index-url in ~/.pip/pip.conf)"
    );
}

#[tokio::test]
async fn l11_a_login_in_a_url_is_taken_out_of_it_and_refused_in_a_spec() {
    let case = Case::new(
        &[(
            "PIP_INDEX_URL",
            "https://us%40er:can%2Fary@pip.example/simple/",
        )],
        &[],
    );
    let places = case.resolve().await;
    assert!(!format!("{places:?}").contains("ary"), "{places:?}");
    let login = places.read.unwrap().login.unwrap();
    assert_eq!(login.username, "us@er");
    assert_eq!(
        secrecy::ExposeSecret::expose_secret(&login.password),
        "can/ary"
    );
    let target = TargetName::new("shop").unwrap();
    for text in [
        "https://user:canary@spec.example/",
        "https://canary@spec.example/",
        "canary",
        "ftp://spec.example/canary",
        "https://spec.example/?token=canary",
    ] {
        for word in ["url", "read-url"] {
            let settings = Settings::default().with_text(word, text);
            let finding = check(&target, &settings).err().unwrap();
            assert!(!format!("{finding:?}").contains("canary"), "{finding:?}");
        }
    }
    let broken = Case::new(&[("TWINE_REPOSITORY_URL", "canary")], &[])
        .show()
        .await;
    assert_eq!(broken[0], "the URL from TWINE_REPOSITORY_URL is not a URL");
}

#[cfg(unix)]
#[tokio::test]
async fn l14_built_in_defaults_are_asked_from_clients_outside_of_the_project_and_once() {
    let case = Case::new(&[("TWINE_PASSWORD", "canary"), ("CANARY", "1")], &[])
        .python("project/bin/python3", "https://evil.example/simple")
        .python("bin/python3", INDEX);
    let wanted = [
        format!("{UPLOAD} (the Python client's built-in default)"),
        format!("{INDEX}/ (the Python client's built-in default)"),
    ];
    assert_eq!(case.show().await, wanted);
    assert!(case.resolve().await.is_default_index);
    let asked = fs::read_to_string(case.folder.path().join("asked")).unwrap();
    assert_eq!(
        asked.lines().count(),
        2,
        "once for each URL, then from the cache"
    );
    let test = Case::new(
        &[],
        &[
            ("repository", "testpypi"),
            ("read-url", "https://test.index.example/simple/"),
        ],
    )
    .python("bin/python3", INDEX);
    assert_eq!(
        test.show().await[0],
        "https://test.index.example/legacy/ (the Python client's built-in default)"
    );
    assert!(!test.resolve().await.is_default_index);
}

#[cfg(unix)]
#[tokio::test]
async fn l5_halves_of_two_indexes_are_not_put_together_by_default() {
    let url = |url| Case::new(&[], &[("url", url)]).python("bin/python3", INDEX);
    let [upload, read] = url("https://corp.example/up/").show().await;
    assert!(upload.ends_with("(spec)"));
    assert!(
        read.contains("nothing says where that index is read"),
        "{read}"
    );
    for same in [UPLOAD, "https://index.example/up/"] {
        let [_, read] = url(same).show().await;
        assert!(read.starts_with(INDEX), "{read}");
    }
    let private = Case::new(&[], &[("read-url", "https://corp.example/simple/")])
        .python("bin/python3", INDEX);
    let [upload, read] = private.show().await;
    assert!(
        upload.contains("nothing says where it is uploaded to"),
        "{upload}"
    );
    assert!(read.ends_with("(spec)"));
    // A mirror that all clients are set to read is the user's way of reading the default index.
    let mirror = Case::new(&[("PIP_INDEX_URL", "https://mirror.example/simple")], &[])
        .python("bin/python3", INDEX);
    assert!(mirror.show().await[0].starts_with(UPLOAD));
    assert!(!mirror.resolve().await.is_default_index);
}

#[tokio::test]
async fn a_url_found_elsewhere_still_has_its_section() {
    let case = Case::new(&[("TWINE_REPOSITORY_URL", "https://corp.example/up/")], &[])
        .file("home/.pypirc", PYPIRC);
    assert_eq!(
        case.resolve().await.upload.unwrap().section.as_deref(),
        Some("corp")
    );
    let other = Case::new(
        &[("TWINE_REPOSITORY_URL", "https://corp.example/up/x/")],
        &[],
    )
    .file("home/.pypirc", PYPIRC);
    assert_eq!(other.resolve().await.upload.unwrap().section, None);
}

#[tokio::test]
async fn l13_a_configuration_that_cannot_be_read_is_a_finding() {
    let pypirc = Case::new(&[], &[])
        .file("home/.pypirc", "password = canary\n")
        .show()
        .await;
    assert_eq!(pypirc[0], "~/.pypirc: line 1 stands before any section");
    let toml = Case::new(&[], &[])
        .file("home/.config/uv/uv.toml", "canary")
        .show()
        .await;
    assert_eq!(toml[1], "~/.config/uv/uv.toml is not TOML");
}
