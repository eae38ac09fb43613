//! Home folders that are the checkout or lie in it: what is there counts as the tree's, and that is said.

use std::fs;

use super::{Asking, CANARY, Site};

/// S1, S3, S6: where the home folder is the checkout, what lies there is the tree's: with `-C sub` in a repository, and
/// in a container whose home folder is the project. A project in a repository of its own below a home folder that is a
/// checkout keeps the user's files.
#[test]
fn l14_a_home_folder_that_is_the_checkout_is_the_trees() {
    for (repository, project, is_users) in [
        (Some("home"), "home/sub", false),
        (Some("home"), "home", false),
        (None, "home", false),
        (Some("home/sub"), "home/sub", true),
    ] {
        let what = format!("{project} in {repository:?}");
        let server = Asking::start();
        let mut site = Site::new("");
        let registry = format!("//127.0.0.1:{}/", server.port);
        fs::create_dir_all(site.path(project)).unwrap();
        if let Some(repository) = repository {
            // Above a project with a repository of its own, the home folder is one too, as with settings kept in git.
            for folder in ["home", repository] {
                site.git_in(folder, &["init", "--quiet"]);
            }
        }
        let spec = "relplan 1\nproject \"acme/widgets\"\n\
                    workspace \"npm\" path=\".\" packer=\"builtin\"\ntarget \"hub\" kind=\"npm\"\n\
                    release \"@acme/widget\" { to \"hub\"; }\n";
        site.write(&format!("{project}/relplan.kdl"), spec);
        let package = "{\"name\":\"@acme/widget\",\"version\":\"1.0.0\"}";
        site.write(&format!("{project}/package.json"), package);
        let npmrc = format!("registry=http:{registry}\n{registry}:_authToken={CANARY}\n");
        site.write("home/.npmrc", &npmrc);
        site.mark("home/bin/git");
        let path = format!(
            "{}:{}",
            site.path("home/bin").display(),
            std::env::var("PATH").unwrap()
        );
        site.environment.set("PATH", path);
        let project = format!("../{project}");
        let planned = site
            .environment
            .relplan_session(&["-C", &project, "plan"])
            .unwrap();
        assert_eq!(planned.code, Some(8), "{what}: {planned}");
        let heard = server.heard();
        assert_eq!(heard.contains(CANARY), is_users, "{what}: {planned}{heard}");
        assert_eq!(site.marked().exists(), is_users, "{what}: {planned}");
        let said = Site::said(&planned);
        let warned = said.contains("lies in the project's checkout, where a pull request");
        assert_eq!(warned, !is_users, "{what}: {planned}");
        let told = format!("{}{}", planned.stdout, planned.stderr);
        assert!(!told.contains(CANARY), "l11: {planned}");
    }
}

/// P1: this machine's memory is never in the checkout, and that it is not kept is said.
#[test]
fn l14_nothing_is_remembered_in_the_checkout() {
    for (variable, folder, said) in [
        ("XDG_STATE_HOME", "project/.st", "set XDG_STATE_HOME"),
        ("HOME", "project/home", "set HOME"),
        ("XDG_STATE_HOME", "outside", ""),
    ] {
        let mut site = Site::new("");
        fs::create_dir_all(site.path(folder)).unwrap();
        let folder = site.path(folder);
        site.environment.set(variable, &folder);
        site.expect(0, &["pack"]);
        let planned = site.expect(0, &["plan", "-o", "release.json"]);
        let applied = site.expect(0, &["apply", "release.json", "--yes"]);
        let is_kept = folder.join("relplan/projects").exists();
        assert_eq!(is_kept, said.is_empty(), "{folder:?}: {applied}");
        for session in [planned, applied] {
            let warned = Site::said(&session).contains("remember")
                && Site::said(&session).contains("outside of the checkout");
            assert_eq!(warned, !said.is_empty(), "{session}");
            assert!(Site::said(&session).contains(said), "{session}");
        }
        let left = fs::read_dir(&folder).unwrap().count();
        assert_eq!(left > 0, said.is_empty(), "{folder:?}");
    }
}
