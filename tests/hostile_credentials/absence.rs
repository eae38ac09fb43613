//! What is said and concluded where no credential is sent: a 404 may hide what is there (law L5).

use super::{CANARY, Hostile, folded, sink::Sink};

/// Where there is no credential, nothing is kept back, and the plan does not say so.
#[test]
fn l15_a_plan_speaks_of_no_unused_credential_where_there_is_none() {
    let sink = Sink::closed();
    for target in [
        "target \"cargo\" kind=\"cargo\" url=\"sparse+URL/\"",
        "target \"npm\" kind=\"npm\" url=\"URL/\"",
    ] {
        let hostile = Hostile::new(&target.replace("URL", &sink.url()));
        let plan = hostile.relplan(&["plan"]);
        let said = folded(&plan.stdout);
        assert!(said.contains("credential: none was found here"), "{plan}");
        assert!(!said.contains("none was found here ("), "{plan}");
    }
}

/// Registries that hide what they have answer 404 to whoever shows no credential. Where one is kept back until the plan
/// is approved, that is no absence: the plan would call a version new that is there, again and again.
#[test]
fn l5_a_404_is_no_absence_while_a_credential_is_kept_back() {
    let registry = Sink::start(|request| match request.header("authorization") {
        Some(_) => (
            200,
            Vec::new(),
            "{\"name\":\"@acme/widget\",\"dist-tags\":{},\"versions\":{\"0.9.0\":{}}}".to_owned(),
        ),
        None => (404, Vec::new(), "{\"error\":\"not found\"}".to_owned()),
    });
    let npm = format!("target \"npm\" kind=\"npm\" url=\"{}/\"", registry.url());
    let with_variable = format!("{npm} token-env=\"RELPLAN_TOKEN_EVIL\"");
    let hostile = Hostile::new(&with_variable);
    let plan = hostile.expect(8, &["plan"]);
    let said = folded(&format!("{plan}"));
    assert!(!said.contains("new name"), "{said}");
    for part in [
        "answered 404 without a credential",
        "the variable RELPLAN_TOKEN_EVIL",
        &format!("//{}/:_authToken", registry.host()),
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(registry.authorizations(), [""; 0]);

    // Where the person names the host as well, it is asked, and what it has is known.
    hostile.home(
        ".npmrc",
        &format!("//{}/:_authToken={CANARY}\n", registry.host()),
    );
    let plan = hostile.relplan(&["plan"]);
    let said = folded(&format!("{plan}"));
    assert!(!said.contains("answered 404"), "{said}");
    assert!(!registry.authorizations().is_empty());

    // Nobody has a credential for an open registry, and its 404 is what it says.
    let hostile = Hostile::new(&npm);
    let plan = hostile.expect(0, &["plan"]);
    assert!(folded(&plan.stdout).contains("new name"), "{plan}");
}

/// The same of an index of Python packages: `.netrc` has a login for any host, and none for this one.
#[test]
fn l5_an_indexs_404_is_no_absence_while_a_login_is_kept_back() {
    let index = Sink::start(|_| (404, Vec::new(), "404 not found".to_owned()));
    let hostile = Hostile::new(&format!(
        "target \"pypi\" kind=\"pypi\" url=\"{0}/legacy/\" read-url=\"{0}/simple/\"",
        index.url()
    ));
    hostile.home(".netrc", "machine acme.example login ann password x\n");
    let plan = hostile.relplan(&["plan"]);
    assert!(folded(&plan.stdout).contains("new name"), "{plan}");
    hostile.home(".netrc", &format!("default login any password {CANARY}\n"));
    let plan = hostile.expect(8, &["plan"]);
    let said = folded(&format!("{plan}"));
    assert!(said.contains("answered 404 without a login"), "{said}");
    assert_eq!(index.authorizations(), [""; 0]);
}
