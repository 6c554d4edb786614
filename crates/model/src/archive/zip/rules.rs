//! What can be wrong with a zip archive as such, whatever its members hold.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A zip whose two descriptions of a member, the central directory and the member's own header, disagree about its
    /// name, size or method, or that has more than one directory.
    /// ## Why it matters
    /// Each library trusts one of the two. A scanner that trusts the other sees a harmless archive, or stops with an error,
    /// while the model loader reads the payload (CVE-2025-1944).
    /// ## Example
    /// The directory lists `data.pkl`; the header at its offset says `config.txt`.
    /// ## How to fix
    /// Do not load the file. No writer produces this by accident; get it from its publisher again.
    /// ## References
    /// - https://nvd.nist.gov/vuln/detail/CVE-2025-1944
    pub const DIRECTORY_MISMATCH: Rule = Rule {
        id: "model/zip-directory-mismatch",
        title: "a zip whose directory and member headers disagree",
        severity: Severity::High,
        remedy: "Do not load it; get the file from its publisher again.",
        taxonomies: &[atlas("AML.T0074"), cwe(436), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A zip member marked as encrypted (or in another way unreadable) whose bytes are plain.
    /// ## Why it matters
    /// Python's `zipfile`, and scanners built on it, refuse the member; torch's reader ignores the mark and loads it
    /// (CVE-2025-1945).
    /// ## Example
    /// Flag bit 0 set on `data.pkl`, whose bytes are an ordinary pickle.
    /// ## How to fix
    /// Do not load the file: the mark serves no purpose but to hide the member from scanners.
    /// ## References
    /// - https://nvd.nist.gov/vuln/detail/CVE-2025-1945
    pub const FALSE_ENCRYPTION: Rule = Rule {
        id: "model/zip-false-encryption",
        title: "a zip member falsely marked as encrypted",
        severity: Severity::High,
        remedy: "Do not load it: the mark only hides the member from scanners.",
        taxonomies: &[atlas("AML.T0074"), cwe(436), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A zip member whose content does not have the checksum or size that is written for it.
    /// ## Why it matters
    /// The file is damaged or was changed after it was written. Scanners that give up on a bad checksum are blind to
    /// it, loaders that do not check it are not (CVE-2025-10156).
    /// ## Example
    /// `data.pkl` with its CRC-32 set to zero.
    /// ## How to fix
    /// Get the file from its publisher again and compare digests.
    /// ## References
    /// - https://nvd.nist.gov/vuln/detail/CVE-2025-10156
    pub const CHECKSUM_MISMATCH: Rule = Rule {
        id: "model/zip-checksum-mismatch",
        title: "a zip member whose checksum is wrong",
        severity: Severity::Medium,
        remedy: "Get the file from its publisher again and compare digests.",
        taxonomies: &[atlas("AML.T0074"), cwe(354), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A member that is in the archive but not in its directory.
    /// ## Why it matters
    /// Tools that list the directory never show it; readers that follow the local headers load it.
    /// ## Example
    /// A pickle between two listed members.
    /// ## How to fix
    /// Repack the archive from the members you want.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/436.html
    pub const HIDDEN_MEMBER: Rule = Rule {
        id: "model/zip-hidden-member",
        title: "a zip member that the directory does not list",
        severity: Severity::Medium,
        remedy: "Repack the archive from the members you want.",
        taxonomies: &[atlas("AML.T0074"), cwe(436), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Bytes of an archive that belong to no member, or to several at once.
    /// ## Why it matters
    /// They travel with the model unseen: a second payload, or the overlapping members of a decompression bomb.
    /// ## Example
    /// 4 kB after the end record of a `.pt` file.
    /// ## How to fix
    /// Repack the archive; look at what the extra bytes are.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/506.html
    pub const HIDDEN_DATA: Rule = Rule {
        id: "model/archive-hidden-data",
        title: "archive bytes outside any member",
        severity: Severity::Medium,
        remedy: "Repack the archive, and look at what the extra bytes are.",
        taxonomies: &[atlas("AML.T0018.002"), cwe(506), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An encrypted archive member, or an archive format that cannot be read here.
    /// ## Why it matters
    /// Nothing can be said about its content. A model needs no encryption to be distributed; malware uses it to pass scanners.
    /// ## Example
    /// A password-protected zip with the password in the model card.
    /// ## How to fix
    /// Decrypt or convert it yourself in an isolated place and scan what comes out.
    /// ## References
    /// - https://attack.mitre.org/techniques/T1027/013/
    pub const UNREADABLE: Rule = Rule {
        id: "model/archive-unreadable",
        title: "an encrypted or unreadable archive",
        severity: Severity::Medium,
        remedy: "Decrypt or convert it in an isolated place and scan what comes out.",
        taxonomies: &[atlas("AML.T0074"), cwe(311), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// An archive whose structure is broken: no end record, members that run past the end, records that point nowhere.
    /// ## Why it matters
    /// The file is cut or damaged, or made so that one reader fails where another loads.
    /// ## Example
    /// A download that stopped half-way.
    /// ## How to fix
    /// Get the file again and compare digests.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/1286.html
    pub const MALFORMED: Rule = Rule {
        id: "model/archive-malformed",
        title: "an archive whose structure is broken",
        severity: Severity::Low,
        remedy: "Get the file again and compare digests.",
        taxonomies: &[cwe(1286), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// One file that is two formats at once: an archive behind other content.
    /// ## Why it matters
    /// A gate that looks at the head sees an image; the loader that looks at the tail reads the archive.
    /// ## Example
    /// A PNG with a torch checkpoint appended.
    /// ## How to fix
    /// Store each of the two as a file of its own.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/434.html
    pub const POLYGLOT: Rule = Rule {
        id: "model/polyglot",
        title: "one file that is two formats at once",
        severity: Severity::Medium,
        remedy: "Store each of the two contents as a file of its own.",
        taxonomies: &[atlas("AML.T0074"), cwe(434), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}
