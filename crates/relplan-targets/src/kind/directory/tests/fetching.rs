//! What is published in the folder is fetched with its bytes proven, whichever area it is in.

use relplan_model::{
    address::{Address, FileName, PackageName, Version},
    port::{Counterpart, FetchError},
};

use super::*;

fn wanted(of: &Made, version: &str, like: &str) -> Counterpart {
    Counterpart {
        address: Address::new(
            target(),
            PackageName::new(of.about.package.name.as_str()).unwrap(),
        ),
        version: Version::new(version).unwrap(),
        kind: of.about.kind.clone(),
        like: FileName::new(like).unwrap(),
    }
}

#[tokio::test]
async fn l3_each_area_hands_out_what_its_documents_promise() {
    let shelf = Shelf::new();
    let all = [
        (
            a_crate("widget", "1.0.0", ""),
            "widget-1.1.0.crate",
            "cargo/widget-1.0.0.crate",
        ),
        (
            a_tarball("@acme/w", "1.0.0", ""),
            "acme-w-1.1.0.tgz",
            "npm-tarballs/@acme/w/acme-w-1.0.0.tgz",
        ),
        (
            a_wheel("Py-Widget", "1.0.0", ""),
            "py_widget-1.1.0-py3-none-any.whl",
            "python/files/py-widget/py_widget-1.0.0-py3-none-any.whl",
        ),
        (
            an_sdist("other-py", "1.0.0"),
            "other_py-1.1.0.tar.gz",
            "python/files/other-py/other_py-1.0.0.tar.gz",
        ),
    ];
    for (made, _, _) in &all {
        assert_eq!(shelf.put(made).await, Outcome::Accepted);
    }
    for (made, like, path) in &all {
        let asked = wanted(made, "1.0.0", like);
        let fetched = shelf.driver().fetch(&asked).await.unwrap().unwrap();
        assert_eq!(
            (&fetched.file, &fetched.bytes),
            (&made.about.file, &made.bytes)
        );
        let missing = shelf.driver().fetch(&wanted(made, "2.0.0", like)).await;
        let reason = missing.unwrap_err().to_string();
        assert!(reason.contains("does not list"), "{reason}");
        // The same size, so that only its digest tells.
        let mut bytes = made.bytes.clone();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(shelf.root().join(path), bytes).unwrap();
        let error = shelf.driver().fetch(&asked).await.unwrap_err();
        assert!(matches!(error, FetchError::OtherBytes { .. }), "{error:?}");
    }
    let sdist_of_wheel = Counterpart {
        kind: "sdist".to_owned(),
        ..wanted(&all[2].0, "1.0.0", "py_widget-1.1.0.tar.gz")
    };
    assert_eq!(shelf.driver().fetch(&sdist_of_wheel).await, Ok(None));
}
