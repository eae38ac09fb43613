//! The rules of the planner in words, by the code that a row's reason carries.

/// A rule: what must be so, and what then happens.
pub fn rule(code: &str) -> Option<&'static str> {
    RULES
        .iter()
        .find_map(|(known, rule)| (*known == code).then_some(*rule))
}

/// Every code of a reason, with its rule. The codes are API.
pub const RULES: &[(&str, &str)] = &[
    (
        "absent",
        "The registry proves that it has no package of this name: publish it, as a new name.",
    ),
    (
        "absent-version",
        "The registry has the name and proves that it lacks this version: publish it.",
    ),
    (
        "incomplete",
        "The registry has the version, and lacks some of its packed files: publish those.",
    ),
    (
        "same-bytes",
        "A digest that proves sameness agrees: leave the version alone, and record it if it is not recorded.",
    ),
    (
        "as-recorded",
        "The bytes are those that were recorded: leave the version alone.",
    ),
    (
        "present-not-compared",
        "The version is there, and nothing is packed or recorded that could be compared: leave it alone.",
    ),
    (
        "other-bytes",
        "The version is there with other bytes than the packed ones: a conflict. Hold it, and what needs it.",
    ),
    (
        "slot-taken",
        "The registry has a version that differs in build metadata alone, and takes the two for one: a conflict. Hold it.",
    ),
    (
        "changed-since-recorded",
        "The version is there with other bytes than the recorded ones: a conflict. Hold it, and what needs it.",
    ),
    (
        "cannot-compare",
        "The version is there, and no digest shows which bytes it has: hold it, since nothing is proven.",
    ),
    (
        "deleted",
        "What is recorded as published is gone: drift. It is not published again without a word from a person.",
    ),
    (
        "not-shown-yet",
        "It was uploaded, and the registry was never seen to show it: hold it rather than upload it twice.",
    ),
    (
        "unknown",
        "The look-up failed, and a failed look-up is never taken for absence: hold it, and what needs it.",
    ),
    (
        "not-selected",
        "The selection leaves it out, something selected needs it, and it is not there yet: hold both.",
    ),
    (
        "needs-held",
        "Something that it cannot do without is held: hold it too, since users could not install it.",
    ),
    (
        "dependency-absent",
        "It needs a package that its target does not have in a version that fits: hold it, since users could not install it.",
    ),
    (
        "cycle",
        "It needs itself by way of others, and no order can be right: hold all of them.",
    ),
    ("no-target", "Its target could not be described: hold it."),
    (
        "same-address",
        "The spec sends more than one thing to this address: hold it.",
    ),
    (
        "no-digest",
        "The target shows no digest that proves which bytes it has, so nothing could be verified: hold it.",
    ),
    (
        "no-pointers",
        "The spec names a pointer, and the target has none: hold it.",
    ),
    (
        "same-file",
        "The bundle has two different files of this name: hold it.",
    ),
    (
        "several-files",
        "The target takes one file for each version, and the bundle has several: hold it.",
    ),
    (
        "kind-not-accepted",
        "What is packed is of no kind that the target takes: hold it.",
    ),
    (
        "yank-desired",
        "The spec wants this version published and yanked at once: hold it.",
    ),
    (
        "prerelease-needs-pointer",
        "A prerelease would become what users get who name no version, and nobody asked for that: hold it.",
    ),
    (
        "would-move-backward",
        "Users who name no version would be sent back, and nobody asked for that: hold it.",
    ),
    (
        "names-it",
        "The pointer names the version already: leave it alone.",
    ),
    (
        "follows-publish",
        "The pointer moves after everything in the plan has been published.",
    ),
    (
        "set-by-publish",
        "The registry sets the pointer with the upload itself.",
    ),
    (
        "not-pointed-yet",
        "We published the version, and the pointer does not name it yet: move it.",
    ),
    (
        "pointer-elsewhere",
        "The pointer names another version, and we have no claim to move it: leave it alone.",
    ),
    (
        "moved",
        "Somebody moved a pointer that we had set: drift. It is moved back with --correct-drift only.",
    ),
    (
        "correct-drift",
        "Somebody moved a pointer that we had set, and --correct-drift asks to move it back.",
    ),
    (
        "holding",
        "The version waits under a holding pointer until everything in the plan has been published.",
    ),
    (
        "left-behind",
        "A plan that was given up left the holding pointer behind: remove it.",
    ),
    ("wanted", "The spec asks for it, and it is not so yet."),
    ("yanked", "The version is yanked already."),
    (
        "yanked-by-others",
        "Somebody yanked a version that the spec wants: drift. It is never un-yanked by itself.",
    ),
    (
        "nothing-to-yank",
        "The version that should be yanked is not there: hold the row.",
    ),
    (
        "by-hand",
        "relplan cannot do this at this target: a person must.",
    ),
    (
        "no-match",
        "No published version is in the range: there is nothing to deprecate.",
    ),
    (
        "deprecated",
        "All versions of the range have the message already.",
    ),
    (
        "deprecate-overlap",
        "Two ranges with different messages match the same version: hold the row.",
    ),
];
