//! The table itself: situation to code, words and command lines.

use super::{Aside, Next, Objection, Situation, Typed, Way};

impl Next {
    /// The row of the table.
    pub fn of(situation: &Situation, typed: &Typed) -> Self {
        let give_up = |why: &str| {
            way(
                "to give it up (what it published stays published):",
                [typed.abandon(why)],
            )
        };
        let (code, ways) = match situation {
            Situation::Unfinished => (
                "apply",
                vec![
                    way("to go on with the same plan:", [typed.apply()]),
                    give_up("WHY"),
                ],
            ),
            Situation::Refused { what } => (
                "decide-refused",
                vec![
                    way(
                        format!(
                            "first put right what was refused ({what}), then apply again; or abandon the plan and leave the package out of the next one with --exclude:"
                        ),
                        [typed.apply()],
                    ),
                    give_up("refused by the registry"),
                ],
            ),
            Situation::Credential { open } => {
                let mut ways = vec![way(
                    match open {
                        true => {
                            "use a credential that may do what was refused, then apply again; or abandon the plan and leave the package out of the next one with --exclude:"
                        }
                        false => "put the credential right, then apply the same plan:",
                    },
                    [typed.apply()],
                )];
                if *open {
                    ways.push(give_up("the credential is refused"));
                }
                ("credential", ways)
            }
            Situation::FileElsewhere => (
                "apply-plan-file",
                vec![
                    way(
                        "its file is not kept here: find it where it was made, and apply it:",
                        [typed.apply_file("PLAN")],
                    ),
                    give_up("the plan file is lost"),
                ],
            ),
            Situation::BundleLost { missing } => (
                "pack-again",
                vec![
                    way(
                        format!(
                            "{missing} of its artifacts are not in the bundle here; if that is another folder, name it with --bundle; else pack them again, and go on if they come out the same:"
                        ),
                        [typed.pack(), typed.apply()],
                    ),
                    give_up("its artifacts are lost"),
                ],
            ),
            Situation::Conflict { step, left_behind } => {
                let mut ways = vec![way(
                    "a person looks at what is there, gives this plan up, and makes a new one:",
                    [typed.abandon(&format!("conflict at {step}")), typed.plan()],
                )];
                if !left_behind.is_empty() {
                    ways.push(way(
                        format!(
                            "{} stays until a later plan of the same version removes it; or remove it with the registry's own client",
                            left_behind.join(", ")
                        ),
                        [],
                    ));
                }
                ("decide-conflict", ways)
            }
            Situation::Expired { approvals } => {
                let mut commands = vec![typed.abandon("expired"), typed.pack(), typed.plan_into()];
                if *approvals {
                    commands.push(typed.approve());
                }
                commands.push(typed.apply_planned());
                (
                    "plan-again-expired",
                    vec![way(
                        "it has expired with steps left: give it up, and make a new plan for the rest:",
                        commands,
                    )],
                )
            }
            Situation::Unapproved => (
                "approve",
                vec![
                    way("each approver signs the same file:", [typed.approve()]),
                    way("then apply it:", [typed.apply()]),
                ],
            ),
            Situation::AtWork => (
                "look",
                vec![
                    way(
                        "wait for it to end, and see how far it is:",
                        [typed.status()],
                    ),
                    way(
                        "if it is gone for good, or is to stop, take over from it:",
                        [typed.again(&["--take-over"])],
                    ),
                ],
            ),
            Situation::TakenOver => (
                "look",
                vec![way(
                    "another run is at work on the plan; see how far it is:",
                    [typed.status()],
                )],
            ),
            Situation::JournalLost => (
                "apply",
                vec![way(
                    "once the state can be written again, apply the same plan, and the registries are asked:",
                    [typed.apply()],
                )],
            ),
            Situation::JournalDamaged => (
                "check-state",
                vec![way(
                    "look at what is wrong with it, and see how to go on:",
                    [typed.check_state(&[])],
                )],
            ),
            Situation::Journal(objection) => of_journal(objection, typed),
            Situation::LaterFormat => (
                "later-relplan",
                vec![way(
                    format!(
                        "nothing is wrong with it: this is relplan {}; run a later one",
                        env!("CARGO_PKG_VERSION")
                    ),
                    [],
                )],
            ),
            Situation::PinPolicy {
                words,
                file,
                forget,
            } => {
                let named = file.map(|file| typed.again(&["--policy", file]));
                let ways = vec![way(*words, named)];
                ("pin-policy", or_forget(ways, forget.as_deref(), typed))
            }
            Situation::OtherPolicy { file, forget } => {
                let ways = vec![
                    way(
                        "a policy that lies beside the plan is not trusted for being there: have the change signed by the thresholds of both policies:",
                        [typed.rotate("OLD", file)],
                    ),
                    way(
                        "or pin it yourself, where this runs:",
                        [typed.again(&["--policy", file])],
                    ),
                ];
                ("rotate-policy", or_forget(ways, forget.as_deref(), typed))
            }
            Situation::PlanApart { words } => {
                ("plan", vec![way(*words, [typed.plan_apart("PLAN")])])
            }
            Situation::Again { words, with } => {
                let with: Vec<&str> = with.iter().map(String::as_str).collect();
                ("again", vec![way(*words, [typed.again(&with)])])
            }
            Situation::WaitedInVain { targets } => (
                "apply-others",
                vec![
                    way(
                        "where the credentials of all targets are at hand, carry out the whole plan:",
                        [typed.apply_whole()],
                    ),
                    way(
                        "else begin a run for each of the others, at the same time as this one:",
                        targets
                            .iter()
                            .map(|target| typed.apply_target(target))
                            .chain([typed.apply()]),
                    ),
                    give_up("WHY"),
                ],
            ),
            Situation::PlanAgain { pack } => {
                let packing = pack.then(|| typed.pack());
                (
                    "plan",
                    vec![way(
                        "make a new plan:",
                        packing.into_iter().chain([typed.plan_into()]),
                    )],
                )
            }
            Situation::HeldBack { unknown } => (
                if *unknown {
                    "plan-again-unknown"
                } else {
                    "decide-held"
                },
                vec![way(
                    match unknown {
                        true => "when the registry answers again, plan what is left:",
                        false => "a person looks at what was held back, and plans again:",
                    },
                    [typed.plan()],
                )],
            ),
            Situation::PutRight => (
                "put-right",
                vec![way(
                    "put right what is named above, then apply the same plan:",
                    [typed.apply()],
                )],
            ),
            Situation::Saved { approvals } => {
                let approve = approvals.then(|| typed.approve());
                let commands = approve.into_iter().chain([typed.apply_planned()]);
                ("apply-saved", vec![way("to carry it out:", commands)])
            }
            Situation::Save => (
                "save-plan",
                vec![way(
                    "or save the plan and apply that:",
                    [typed.plan_into(), typed.apply_planned()],
                )],
            ),
            Situation::SaveAndApprove => (
                "save-plan",
                vec![way(
                    "save it, have it approved, and apply that file:",
                    [typed.plan_into(), typed.approve(), typed.apply_planned()],
                )],
            ),
            Situation::NotReproduced => (
                "abandon-lost",
                vec![way(
                    "the open plan cannot go on without its own bytes: give it up, and make a new one:",
                    [typed.abandon("its artifacts are lost"), typed.plan()],
                )],
            ),
            Situation::GivenUp => (
                "plan",
                vec![way(
                    "the next plan starts from what the registries show:",
                    [typed.plan()],
                )],
            ),
        };
        Self { code, ways }
    }
}

/// The rows about a journal that does not count, or not as it is.
fn of_journal(objection: &Objection, typed: &Typed) -> (&'static str, Vec<Way>) {
    match objection {
        Objection::Damaged { aside } => {
            let Aside {
                words,
                commands,
                lost,
            } = aside;
            let mut ways = vec![way(
                "if there is a copy of it that is whole, put that back; nothing is lost then",
                [],
            )];
            ways.extend(words.map(|words| way(words, [])));
            let rebuild = typed.rebuild(lost.as_deref());
            ways.push(way(
                "else put it aside, and begin a new one from what the registries show:",
                commands.iter().cloned().chain([rebuild]),
            ));
            ("rebuild-state", ways)
        }
        Objection::Missing => (
            "find-state",
            vec![
                way(
                    "if this is the wrong place, name the right one:",
                    [typed.at_state("PLACE").status()],
                ),
                way(
                    "if the journal is lost, begin a new one:",
                    [typed.rebuild(None)],
                ),
            ],
        ),
        Objection::SetBack => (
            "set-back",
            vec![
                way(
                    "put the newer copy back, if there is one; see what is missing:",
                    [typed.check_state(&[])],
                ),
                way(
                    "if this journal is the one that counts all the same, say so; what it lacks is then forgotten here:",
                    [typed.check_state(&["--accept"])],
                ),
            ],
        ),
        Objection::Moved { from, to } => (
            "moved",
            vec![
                way(
                    "name that place in the spec, or on each command line:",
                    [typed.at_state(to).status()],
                ),
                way(
                    "if that move was interrupted, finish it:",
                    [typed.at_state(to).push(from)],
                ),
            ],
        ),
        Objection::OtherProject { recorded, here } => (
            "rename-project",
            vec![
                way(
                    "each project has a journal of its own: give this one another place (`state` in the spec, or --state)",
                    [],
                ),
                way(
                    "if the project was renamed, say so:",
                    [typed.rename_project(recorded, here)],
                ),
            ],
        ),
        Objection::TwoPlaces { planned } => (
            "choose-state",
            vec![
                way(
                    "a plan is applied on one journal alone. If the state was moved, or the spec is the one that is wrong, say that the plan's place counts:",
                    [typed.at_state(planned).apply()],
                ),
                way(
                    "otherwise make a new plan here:",
                    [typed.plan_apart("PLAN")],
                ),
            ],
        ),
    }
}

/// The same ways, with how to leave a policy that only this machine asks for.
fn or_forget(mut ways: Vec<Way>, project: Option<&str>, typed: &Typed) -> Vec<Way> {
    ways.extend(project.map(|project| {
        way(
            "if releases of this project need no such approvals any more, have this machine forget it:",
            [typed.forget_policy(project)],
        )
    }));
    ways
}

fn way(words: impl Into<String>, commands: impl IntoIterator<Item = String>) -> Way {
    Way {
        words: words.into(),
        commands: commands.into_iter().collect(),
    }
}
