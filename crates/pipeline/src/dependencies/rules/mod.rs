//! The rules of dependencies, one file each.

mod known_vulnerable_package;
mod typosquat_package;
mod unhashed_package;
mod vulnerabilities_not_checked;

pub use known_vulnerable_package::KNOWN_VULNERABLE_PACKAGE;
pub use typosquat_package::TYPOSQUAT_PACKAGE;
pub use unhashed_package::UNHASHED_PACKAGE;
pub use vulnerabilities_not_checked::VULNERABILITIES_NOT_CHECKED;
