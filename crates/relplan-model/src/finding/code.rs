//! The codes of findings: each with its word, which is API, and its section of the reference.
//!
//! Why an enum beside words: what relplan says has a code of this list, and a page that explains it. What it reads may
//! have others, since plans are kept, and a later relplan knows more.

use std::fmt;

macro_rules! codes {
    ($($variant:ident = $word:literal, $doc:literal;)*) => {
        /// What a finding is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FindingCode {
            $(#[doc = $doc] $variant,)*
        }

        impl FindingCode {
            /// All of them, in order of their words.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its stable word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

codes! {
    Altered = "altered", "A file of the bundle is not the one that the plan names.";
    Approval = "approval", "The plan cannot be approved or counted as the spec and the policy stand.";
    Artifact = "artifact", "A packed file cannot be published as it is.";
    BuildMetadata = "build-metadata", "A version has build metadata, which the registry drops.";
    BundledDependencies = "bundled-dependencies", "A package brings dependencies in its tarball, and its packer cannot.";
    ByHand = "by-hand", "relplan cannot withdraw it there; a person can.";
    CannotBePacked = "cannot-be-packed", "relplan's own packer cannot pack a package.";
    CannotCompare = "cannot-compare", "The version is there, and no digest shows which bytes it has.";
    Capabilities = "capabilities", "The driver or the registry can do less than it could when the plan was made.";
    CatalogEntryMissing = "catalog-entry-missing", "A dependency names an entry that the catalog has not.";
    ChangedScript = "changed-script", "A script that runs on users' machines changes.";
    CompletionDeadline = "completion-deadline", "A version is incomplete, and the registry closes it to new files.";
    Configuration = "configuration", "The configuration of the ecosystem's client cannot be read.";
    Conflict = "conflict", "The version is there with other bytes.";
    Credential = "credential", "A credential is missing or was refused.";
    CredentialName = "credential-name", "The spec names a variable that may not hold a credential.";
    Cycle = "cycle", "Packages need each other, and no order is right.";
    CycleBroken = "cycle-broken", "Packages need each other for development, and one of these needs was set aside.";
    DependencyAbsent = "dependency-absent", "A package needs something that its target does not have.";
    DependencyHeld = "dependency-held", "A package goes without a dependency that is held.";
    DependencyLeftOut = "dependency-left-out", "A package needs one that this plan does not have.";
    DependencyNotReleased = "dependency-not-released", "A package needs one that the spec sends nowhere.";
    DependsOnUnpublishable = "depends-on-unpublishable", "A package needs one that is marked as not to be published.";
    DeprecateOverlap = "deprecate-overlap", "Two messages of deprecation meet at one version.";
    DevCycle = "dev-cycle", "Crates need each other, one of them for development.";
    DirectReference = "direct-reference", "A dependency names a URL, which registries of Python refuse.";
    Dirty = "dirty", "A file was packed from changes that no commit has.";
    DistTagIsRange = "dist-tag-is-range", "A dist-tag is a version range, which npm never takes for a tag.";
    DriftDeleted = "drift-deleted", "What is recorded as published is gone.";
    DriftExtraFile = "drift-extra-file", "A version has files that nobody recorded.";
    DriftPointer = "drift-pointer", "Somebody moved or removed a pointer.";
    DriftVersion = "drift-version", "The registry has a version that nobody recorded.";
    DriftYanked = "drift-yanked", "Somebody yanked a version.";
    DuplicateName = "duplicate-name", "Two manifests name one package.";
    DynamicDependencies = "dynamic-dependencies", "A project says its dependencies only when it is built.";
    DynamicVersion = "dynamic-version", "A project says its version only when it is built.";
    Endpoint = "endpoint", "The target's endpoint cannot be determined, or is another one than the plan names.";
    EntryMissing = "entry-missing", "A manifest names files that the package does not hold.";
    ExcludeWithoutEffect = "exclude-without-effect", "A pattern leaves nothing out.";
    Failed = "failed", "A check could not be finished.";
    FirstByHand = "first-by-hand", "The first version of a name needs something from a person.";
    FirstSetsDefault = "first-sets-default", "The first version of a name gets the default pointer beside the one that was asked for.";
    Grade = "grade", "A credential's gate is weaker than the plan says.";
    Identity = "identity", "The name or version inside a file is not the plan's.";
    InstallScript = "install-script", "A new package runs a script on users' machines.";
    Internal = "internal", "A part of relplan failed.";
    InvalidName = "invalid-name", "A manifest's name is no name of its ecosystem.";
    InvalidVersion = "invalid-version", "A manifest's version is none.";
    KindNotAccepted = "kind-not-accepted", "The target takes no file of this kind.";
    LocalDependency = "local-dependency", "A dependency means something only in this tree.";
    LocalVersion = "local-version", "A version is for one's own builds, and PyPI refuses it.";
    ManifestUnreadable = "manifest-unreadable", "A manifest cannot be read.";
    ManyNotable = "many-notable", "More scripts and dependencies differ than a plan lists.";
    MemberMissing = "member-missing", "A workspace names a member that is not there.";
    MovesBackward = "moves-backward", "A pointer moves to an earlier version.";
    NamelessPackage = "nameless-package", "Manifests have no name.";
    NestedWorkspace = "nested-workspace", "A workspace stands within another.";
    NewDependency = "new-dependency", "A package brings a dependency that the published one has not.";
    NewScript = "new-script", "A package brings a script that runs on users' machines.";
    NoDigest = "no-digest", "The target shows no digest that proves which bytes it has.";
    NoPointers = "no-pointers", "The spec names a pointer, and the target has none.";
    NoPolicy = "no-policy", "Gates are in the spec, and no policy is in force.";
    NoTarget = "no-target", "The row's target could not be described.";
    NotCompared = "not-compared", "Contents could not be compared.";
    NotPacked = "not-packed", "Bytes are not known yet.";
    NotSelected = "not-selected", "Something selected needs what the selection leaves out.";
    NotShownYet = "not-shown-yet", "A version was uploaded and never seen.";
    NothingToYank = "nothing-to-yank", "The version to be yanked is not there.";
    OtherCommit = "other-commit", "Files were packed from another commit.";
    PackerMissing = "packer-missing", "A package manager that packs is not installed here.";
    PathWithoutVersion = "path-without-version", "A dependency has a path and no version.";
    PlanOpen = "plan-open", "Another plan was begun and is not finished.";
    PointerElsewhere = "pointer-elsewhere", "A pointer names a version that is not of this plan.";
    Policy = "policy", "A policy in force and the plan do not fit.";
    PrereleaseNeedsPointer = "prerelease-needs-pointer", "A prerelease would become the default version.";
    PresentNotCompared = "present-not-compared", "Published versions were not compared.";
    Private = "private", "A rule names a package that is marked as private.";
    ProtocolNotReplaced = "protocol-not-replaced", "A dependency says `workspace:` or `catalog:`, and the packer does not write a version there.";
    ProvenanceNotMade = "provenance-not-made", "A manifest asks for provenance, and relplan publishes without it.";
    PublishConfigNotApplied = "publish-config-not-applied", "A key of `publishConfig` is to change what is packed, and the packer does not apply it.";
    RegistryElsewhere = "registry-elsewhere", "A package goes to another registry than its manifest names.";
    RegistryRefuses = "registry-refuses", "A registry refuses what a manifest says, or leaves out.";
    RequirementExcludesMember = "requirement-excludes-member", "A dependency's requirement leaves out the version in this tree.";
    SameAddress = "same-address", "The spec sends more than one thing to one address.";
    SameFile = "same-file", "Two packed files have one name.";
    ScriptNotRun = "script-not-run", "A lifecycle script of publishing is not run.";
    SeveralFiles = "several-files", "The target takes one file, and several are packed.";
    StateOnRunner = "state-on-runner", "The state would be lost with the machine.";
    Target = "target", "A target of the plan is not configured here.";
    TargetKind = "target-kind", "There is no driver for the kind.";
    TornJournal = "torn-journal", "The journal ends in half a line.";
    Unknown = "unknown", "A look-up failed.";
    UnknownManager = "unknown-manager", "The package manager is not one that is known.";
    Unreachable = "unreachable", "A registry did not describe itself.";
    VersionIncomplete = "version-incomplete", "A published version lacks a file that its packer makes.";
    VersionlessPackage = "versionless-package", "Manifests have no version.";
    WorkspaceMemberMissing = "workspace-member-missing", "A dependency names a member that the workspace has not.";
    WouldMoveBackward = "would-move-backward", "A pointer would move to an earlier version.";
    YankDesired = "yank-desired", "The spec wants one version published and yanked.";
}

impl FindingCode {
    /// The code with a word; `None` for a word that this relplan never says.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.word() == word)
    }

    /// Its section of the reference.
    #[must_use]
    pub fn anchor(self) -> String {
        format!("docs/reference/findings.md#{}", self.word())
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl PartialEq<FindingCode> for String {
    fn eq(&self, code: &FindingCode) -> bool {
        self == code.word()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words_each_once_and_in_order() {
        let words: Vec<&str> = FindingCode::ALL.iter().map(|code| code.word()).collect();
        assert!(words.is_sorted_by(|a, b| a < b));
        for word in words {
            assert!(
                word.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            );
            assert_eq!(FindingCode::of(word).map(FindingCode::word), Some(word));
        }
    }
}
