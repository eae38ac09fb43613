//! Examples that `--help` ends with, one constant for each command. Lines fit into 80 columns.

pub const MAIN: &str = "\
Starting:
  relplan init                write a spec for what is in this folder
  relplan adopt               record what is published already

Typical use:
  relplan check               is the spec sound?
  relplan pack                build what will be published
  relplan plan -o PLAN        what would change, as a file to review
  relplan approve PLAN        sign that plan's bytes, where a policy asks for it
  relplan apply PLAN          do exactly that; after a crash, run it again";

pub const INIT: &str = "\
Examples:
  relplan init
  relplan init --print
  relplan init --workspace cargo=. --workspace npm=js
  relplan init --target directory=out/registry    try it without any registry";

pub const CHECK: &str = "\
Examples:
  relplan check
  relplan check --format json    problems of the text, for editors";

pub const PACK: &str = "\
Examples:
  relplan pack
  relplan pack --missing             only what registries do not have yet
  relplan pack -p 'crates/*'
  relplan pack --merge other/bundle  take over what another machine packed";

pub const PLAN: &str = "\
Examples:
  relplan plan
  relplan plan -o release.json       save it, to be reviewed and applied
  relplan plan -p '@acme/*' --target npm
  relplan plan --explain npm:@acme/widget
  relplan plan --format markdown     for a pull request
  relplan plan --format github-matrix   one job for each target
  relplan plan --detailed-exitcode   2 if there are changes, for scripts";

pub const SHOW: &str = "\
Examples:
  relplan show release.json
  relplan show release.json -v
  relplan show release.json --html release.html   as a page, with filters";

pub const APPLY: &str = "\
Examples:
  relplan apply release.json
  relplan apply                      pack, plan, show, ask and apply
  relplan apply --yes --json > events.jsonl
  relplan apply release.json --policy policy.kdl   pin whose approval counts
  relplan apply release.json --target npm          one job of several";

pub const APPROVE: &str = "\
Examples:
  relplan approve release.json --key ~/.ssh/id_ed25519_sk.pub
  relplan approve release.json --key KEY --reject --comment 'wrong notes'";

pub const APPROVALS: &str = "\
Examples:
  relplan approvals release.json
  relplan approvals release.json --format json";

pub const POLICY: &str = "\
Examples:
  relplan policy check
  relplan policy digest
  relplan policy rotate old.kdl policy.kdl --key KEY";

pub const POLICY_CHECK: &str = "\
Examples:
  relplan policy check
  relplan policy check /etc/relplan/policy.kdl";

pub const POLICY_DIGEST: &str = "\
Examples:
  relplan policy digest old.kdl    what the next version names as `previous`";

pub const POLICY_ROTATE: &str = "\
Examples:
  relplan policy rotate old.kdl policy.kdl --key KEY
  relplan policy rotate old.kdl policy.kdl    who still has to sign";

pub const POLICY_FORGET: &str = "\
Examples:
  relplan policy forget acme/widgets";

pub const STATUS: &str = "\
Examples:
  relplan status
  relplan status --format json";

pub const STATE: &str = "\
Examples:
  relplan state log
  relplan state check --plan release.json
  relplan state push
  relplan state abandon --reason 'the release was called off'";

pub const STATE_MV: &str = "\
Examples:
  relplan state mv npm registry
  relplan state mv npm:@acme/widget npm:@acme/gadget
  relplan state mv --project acme/widgets acme/gadgets";

pub const ADOPT: &str = "\
Registries are only read. What is packed and has other bytes than the registry
shows is a conflict, and is not adopted.

Examples:
  relplan adopt
  relplan adopt -p 'crates/*' --yes";

pub const COMPLETIONS: &str = "\
Examples:
  relplan completions bash > ~/.local/share/bash-completion/completions/relplan
  relplan completions zsh > ~/.zfunc/_relplan
  relplan completions fish > ~/.config/fish/completions/relplan.fish";

pub const MAN: &str = "\
Examples:
  relplan man | man -l -
  relplan man ~/.local/share/man/man1";

pub const SCHEMA: &str = "\
Examples:
  relplan schema
  relplan schema plan > plan.schema.json";

pub const DIFF: &str = "\
Examples:
  relplan diff release.json
  relplan diff release.json npm:@acme/widget
  relplan diff release.json --stat";

pub const GRAPH: &str = "\
Examples:
  relplan graph release.json
  relplan graph release.json --format dot | dot -Tpdf > release.pdf
  relplan graph release.json --format svg -o release.svg";
