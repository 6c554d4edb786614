//! What a text for an agent does or asks for: [`Act`], and one occurrence of it, [`Sign`].

use std::ops::Range;

/// One thing that code does or that a sentence asks an agent to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Act {
    /// Reads a file that holds credentials.
    ReadsCredentials,
    /// Takes all environment variables, or those whose names speak of secrets.
    ReadsEnvironment,
    /// Reads cookies or passwords of a browser.
    ReadsBrowser,
    /// Reads a wallet, or asks for what opens one.
    ReadsWallet,
    /// Takes the conversation, the prompt or the memory of the agent.
    ReadsConversation,
    /// Sends data to another machine.
    Sends,
    /// Sends what a command or an expression gives inside an address.
    SendsInAddress,
    /// Runs what was fetched.
    RunsFetched,
    /// Runs what was decoded.
    RunsDecoded,
    /// Gives a shell to another machine.
    ReverseShell,
    /// Stays after the session ends: scheduled, at login, in a hook.
    Persists,
    /// Writes into what agents read at each start.
    WritesMemory,
    /// Lets a foreign key log in.
    AddsLogin,
    /// Destroys data.
    Destroys,
    /// Switches a protection off.
    DisablesDefence,
    /// Acts without asking.
    SkipsApproval,
    /// Digs for coins.
    Mines,
    /// Evaluates data as code.
    EvaluatesData,
    /// Puts data into a shell command.
    ShellsData,
    /// Gives a shell a whole command that came from elsewhere.
    ShellsGiven,
    /// Opens a path that came from outside, unchecked.
    OpensGivenPath,
    /// Loops for ever without waiting.
    LoopsForever,
    /// Sets the instructions of the agent aside.
    Overrides,
    /// Gives the agent a self without rules, or the voice of the operator.
    Impersonates,
    /// Keeps something from the user.
    Conceals,
    /// Does something unseen.
    ActsUnseen,
    /// Tells the agent to send secrets away.
    AsksToSendSecrets,
    /// Tells the agent to send the conversation away.
    AsksToSendConversation,
    /// Tells the agent to read a credential.
    AsksToReadSecrets,
    /// Asks a person to paste a command.
    AsksToPaste,
    /// Names the password of an archive to be unpacked.
    LockedArchive,
    /// Has a program downloaded and run.
    AsksToInstallProgram,
    /// Steers how other tools are used.
    SteersOtherTools,
    /// Moves money without a question.
    MovesMoney,
    /// Has a copy of what is sent go to an address of its own.
    CopiesMail,
    /// Leads the traffic of known services, or the agent itself, to another machine.
    Redirects,
    /// Drops a whole database.
    DropsData,
    /// Puts something of its own into all that the agent writes.
    InsertsEverywhere,
    /// Says or agrees to something in the name of the user.
    SpeaksForUser,
    /// Installs a package from somewhere unknown.
    InstallsUnknown,
    /// Has a file or page followed as orders.
    FollowsRemote,
    /// Has a page followed as orders again and again, or before the user's own.
    IsLed,
    /// Has itself written into other skills and rules.
    Spreads,
    /// Has code written that lets in whoever knows something.
    PlantsBackdoor,
    /// Lifts rules or leaves checks out when a sign is given.
    Sleeps,
    /// Goes around what keeps the agent from something.
    Circumvents,
    /// Does what a program prints.
    ObeysOutput,
    /// Asks another machine for a text.
    Fetches,
    /// Takes what the user types, copies or sees.
    ReadsInput,
    /// Goes through the home folder.
    ReadsHome,
    /// Takes what the agent is about to do, or did, as a hook is told.
    ReadsHookInput,
    /// Pushes the whole repository to an address of its own.
    SendsRepository,
    /// Changes what the agent may do, or what runs with it.
    ChangesAgent,
    /// Has private things handed to a call.
    AsksForPrivate,
    /// Has secrets that come by kept in a file.
    Hoards,
    /// Has what the user works on sent to an address of its own.
    HandsOver,
    /// Gives rights to someone whom only the text names.
    GrantsRights,
    /// Stops or empties what records events.
    StopsRecords,
    /// Leads packages to a source of its own.
    LeadsSupply,
    /// Leads packages to a source of its own, and takes off what would show it.
    LeadsUnchecked,
    /// Takes codes that prove who someone is, under another name.
    TakesCodes,
    /// Leaves one party out of a check.
    ExemptsParty,
    /// Has an answer ready for who asks why, that makes it small.
    PreparesAnswer,
    /// Says that someone need not be asked or told.
    WaivesWord,
    /// Has a judgement end as it was decided before.
    Rigs,
    /// Takes what a page, a document or a message says for orders.
    ObeysContent,
}

/// One occurrence of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sign {
    /// What is done.
    pub(crate) act: Act,
    /// Where, in bytes of the text.
    pub(crate) span: Range<usize>,
    /// Whether the text warns of it or quotes it instead of asking for it.
    pub(crate) aside: bool,
}

impl Act {
    /// What it is, as a part of a sentence.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::ReadsCredentials => "reads a credential file",
            Self::ReadsEnvironment => "takes the environment's secrets",
            Self::ReadsBrowser => "reads a browser's cookies or passwords",
            Self::ReadsWallet => "reads a wallet",
            Self::ReadsConversation => "takes the conversation",
            Self::Sends => "sends data out",
            Self::SendsInAddress => "sends data inside an address",
            Self::RunsFetched => "runs what it fetched",
            Self::RunsDecoded => "runs what it decoded",
            Self::ReverseShell => "opens a shell to another machine",
            Self::Persists => "installs itself to run again",
            Self::WritesMemory => "writes into what the agent reads at each start",
            Self::AddsLogin => "adds a key that may log in",
            Self::Destroys => "destroys data",
            Self::DisablesDefence => "switches a protection off",
            Self::SkipsApproval => "acts without asking",
            Self::Mines => "mines a currency",
            Self::EvaluatesData => "evaluates data as code",
            Self::ShellsData => "puts data into a shell command",
            Self::ShellsGiven => "gives a whole command to a shell",
            Self::OpensGivenPath => "opens a path it was given, unchecked",
            Self::LoopsForever => "loops for ever without waiting",
            Self::Overrides => "sets the agent's instructions aside",
            Self::Impersonates => "speaks as the operator or lifts all rules",
            Self::Conceals => "keeps something from the user",
            Self::ActsUnseen => "acts unseen",
            Self::AsksToSendSecrets => "has secrets sent away",
            Self::AsksToSendConversation => "has the conversation sent away",
            Self::AsksToReadSecrets => "has credentials read",
            Self::AsksToPaste => "asks for a command to be pasted into a terminal",
            Self::LockedArchive => "gives the password of an archive to unpack",
            Self::AsksToInstallProgram => "has a program downloaded and run",
            Self::SteersOtherTools => "steers how other tools are used",
            Self::MovesMoney => "moves money unasked",
            Self::CopiesMail => "has mail copied to an address of its own",
            Self::Redirects => "leads traffic of a known service elsewhere",
            Self::DropsData => "drops a database",
            Self::InsertsEverywhere => "puts something of its own into everything written",
            Self::SpeaksForUser => "speaks in the name of the user",
            Self::InstallsUnknown => "installs a package from an unknown place",
            Self::FollowsRemote => "has a remote text followed as orders",
            Self::IsLed => "has itself led by a remote text",
            Self::Spreads => "writes itself into other skills",
            Self::PlantsBackdoor => "has a back door written into code",
            Self::Sleeps => "lifts rules when a sign is given",
            Self::Circumvents => "goes around what keeps the agent from something",
            Self::ObeysOutput => "does what a program prints",
            Self::Fetches => "asks another machine for a text",
            Self::ReadsInput => "takes what the user types, copies or sees",
            Self::ReadsHome => "goes through the home folder",
            Self::ReadsHookInput => "takes what the agent does, as a hook is told",
            Self::SendsRepository => "pushes the whole repository to an address of its own",
            Self::AsksForPrivate => "has private things handed to a call",
            Self::Hoards => "has secrets that come by kept",
            Self::HandsOver => "has what the user works on sent to an address of its own",
            Self::GrantsRights => "gives rights to someone whom only this text names",
            Self::StopsRecords => "stops or empties what records events",
            Self::LeadsSupply => "leads packages to a source of its own",
            Self::LeadsUnchecked => "leads packages to a source of its own and takes checks off",
            Self::TakesCodes => "takes one-time codes under another name",
            Self::ExemptsParty => "leaves one party out of a check",
            Self::PreparesAnswer => "has an answer ready for who asks why",
            Self::WaivesWord => "says that no one need be asked or told",
            Self::ObeysContent => "takes what it reads for orders",
            Self::Rigs => "decides beforehand what it says it weighs",
            Self::ChangesAgent => "changes what the agent may do, or what runs with it",
        }
    }

    /// Whether it keeps something from the one the agent works for.
    pub(crate) const fn hides(self) -> bool {
        matches!(self, Self::Conceals | Self::ActsUnseen | Self::PreparesAnswer | Self::WaivesWord)
    }

    /// Whether it takes what no one else should have.
    pub(crate) const fn takes_secrets(self) -> bool {
        matches!(
            self,
            Self::ReadsCredentials
                | Self::ReadsEnvironment
                | Self::ReadsBrowser
                | Self::ReadsWallet
                | Self::ReadsConversation
                | Self::ReadsInput
                | Self::ReadsHome
                | Self::ReadsHookInput
        )
    }
}
