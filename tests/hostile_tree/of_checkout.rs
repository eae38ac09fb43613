//! The checkout that a project is a part of.

use std::{fs, os::unix::fs::symlink};

use super::{SPEC, Scene, said};

/// S7: with `-C`, links lead to the rest of the checkout, which the same pull requests change, and no further.
#[test]
fn l14_links_of_a_project_within_a_checkout_lead_to_the_rest_of_it() {
    let scene = Scene::new();
    fs::create_dir_all(scene.project("part/js")).unwrap();
    let spec = SPEC.replace("path=\".\"", "path=\"js\"");
    fs::write(scene.project("part/relplan.kdl"), spec).unwrap();
    fs::rename(scene.project("package.json"), scene.project("pkg.json")).unwrap();
    let manifest = scene.project("part/js/package.json");
    symlink("../../pkg.json", &manifest).unwrap();
    let planned = scene.expect(0, &["-C", "part", "plan"]);
    assert!(planned.stdout.contains("1 to publish"), "{planned}");
    for (to, why) in [
        ("../../../outside/secret", "leads out of the project"),
        ("../../.git/HEAD", "lies in .git"),
    ] {
        fs::remove_file(&manifest).unwrap();
        symlink(to, &manifest).unwrap();
        let refused = scene.expect(65, &["-C", "part", "plan"]);
        assert!(said(&refused).contains(why), "{to}\n{refused}");
    }
}
