//! Credentials among the arguments of commands: passwords, tokens and keys given as options, and in addresses.

use super::{Setting, Site};
use crate::rules::{PACKAGED_SECRET, SECRET, SECRET_IN_LOG};
use crate::shell::ExpansionKind;
use crate::{Issue, header, variable};
use bartizan_core::Severity;

/// The line of a `.netrc` that is written with its password: `echo "machine … login … password …" > ~/.netrc`.
///
/// Source: GNU inetutils manual, "The .netrc file".
fn login(site: &Site<'_>, issues: &mut Vec<Issue>) {
    if !matches!(site.invocation.program.as_str(), "echo" | "printf") {
        return;
    }
    let words: Vec<(&str, &crate::shell::Word)> = site
        .invocation
        .arguments
        .iter()
        .flat_map(|argument| {
            let words = argument.text.split_whitespace().flat_map(|word| word.split("\\n"));
            words.map(move |word| (word, argument.word))
        })
        .take(LOGIN_WORDS)
        .collect();
    if !["machine", "login"].iter().all(|name| words.iter().any(|(word, _)| word == name)) {
        return;
    }
    let given = words.iter().zip(words.iter().skip(1)).find(|((name, _), _)| *name == "password");
    let Some((password, word)) = given.map(|(_, given)| *given).filter(|(_, word)| word.is_literal()) else {
        return;
    };
    if let Some(what) = variable::credential("password", password) {
        let message = format!("a login is written with {} in the open", what.name);
        let issue = Issue::new(&SECRET, word.span.clone(), message).severity(what.severity);
        issues.push(issue.confidence(what.confidence));
    }
}

/// Words of what is printed among which a login is looked for.
const LOGIN_WORDS: usize = 64;

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let program = invocation.program.as_str();
    // `wandb login KEY`: what it is given can only be the key.
    if program == "wandb"
        && invocation.does(&["login"])
        && let Some(key) = invocation.operands(&["--host", "--entity"]).get(1)
        && key.word.is_literal()
        && let Some(what) = variable::credential("wandb_api_key", key.text)
    {
        let message = format!("`wandb login` is given {} in the open", what.name);
        let issue = Issue::new(&SECRET, key.word.span.clone(), message);
        issues.push(issue.severity(what.severity.max(Severity::Medium)).confidence(what.confidence));
    }
    filled_in(site, issues);
    login(site, issues);
    for (index, argument) in invocation.arguments.iter().enumerate() {
        if !argument.word.is_literal() {
            continue;
        }
        let (option, joined) =
            argument.text.split_once('=').map_or((argument.text, None), |(o, v)| (o, Some(v)));
        if !option.starts_with('-') {
            if variable::password_in_address(argument.text) {
                let message = "a password is written in an address";
                issues.push(Issue::new(&SECRET, argument.word.span.clone(), message));
            }
            continue;
        }
        // `mysql -pPASSWORD`: apart from its option, it would be asked for.
        let attached =
            matches!(program, "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" | "sshpass")
                .then(|| argument.text.strip_prefix("-p"))
                .flatten()
                .and_then(|password| variable::credential("password", password));
        if let Some(what) = attached {
            let message = format!("`{program}` is given {} in the open", what.name);
            let issue = Issue::new(&SECRET, argument.word.span.clone(), message);
            issues.push(issue.severity(what.severity).confidence(what.confidence));
            continue;
        }
        let next = invocation.arguments.get(index.saturating_add(1)).filter(|next| next.word.is_literal());
        let (value, span) = match (joined, next) {
            (Some(value), _) => (value, argument.word.span.clone()),
            (None, Some(next)) if !next.is_option() => (next.text, next.word.span.clone()),
            _ => continue,
        };
        // What a build is told of where its secrets are.
        let mounts = option == "--secret" && value.contains("id=");
        if mounts {
            continue;
        }
        if matches!(option, "-H" | "--header")
            && let Some((severity, confidence)) =
                header::held(value).filter(|_| variable::token(value).is_none())
        {
            let message = "the header of a request holds a credential";
            issues.push(Issue::new(&SECRET, span, message).severity(severity).confidence(confidence));
            continue;
        }
        let name = option.trim_start_matches('-').replace('-', "_");
        let short =
            option == "-p" && SHORT.iter().any(|(known, verb)| *known == program && invocation.does(&[verb]));
        let user = matches!(program, "curl" | "http" | "wget")
            && matches!(option, "-u" | "--user" | "-a" | "--auth");
        let found = if user {
            value.split_once(':').and_then(|(_, password)| variable::credential("password", password))
        } else if short {
            variable::credential("password", value)
        } else if option.starts_with("--") && !(joined.is_none() && variable::password_in_address(value)) {
            variable::credential(&name, value).filter(|_| variable::token(value).is_none())
        } else {
            None
        };
        if let Some(what) = found {
            let message = format!("`{option}` is given {} in the open", what.name);
            let severity = what.severity.max(Severity::Medium);
            issues.push(Issue::new(&SECRET, span, message).severity(severity).confidence(what.confidence));
        }
    }
}

/// Secrets of a CI system or a variable among the arguments: other processes see them, and an argument of a build stays in the image.
fn filled_in(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let builds = matches!(
        invocation.program.as_str(),
        "docker" | "podman" | "buildah" | "nerdctl" | "kaniko" | "executor"
    );
    for (value, argument) in invocation.values(&["--build-arg"]).into_iter().filter(|_| builds) {
        let Some((name, given)) = value.split_once('=') else { continue };
        if variable::is_secret_name(name) && given.contains('$') {
            let message = format!(
                "the secret `{}` stays in the history of the image",
                bartizan_core::printable(name, 60)
            );
            let issue = Issue::new(&PACKAGED_SECRET, argument.word.span.clone(), message);
            issues.push(
                issue
                    .severity(Severity::Medium)
                    .remedy("Give it as `--secret` and mount it where it is used."),
            );
        }
    }
    if site.setting != Setting::Pipeline {
        return;
    }
    for pair in invocation.arguments.windows(2) {
        let [option, value] = pair else { continue };
        let named = option.text.starts_with("--")
            && (option.text == "--pwd" || variable::is_secret_name(option.text.trim_start_matches('-')));
        let secret = value.word.expansions.iter().any(|expansion| {
            matches!(&expansion.kind, ExpansionKind::Template(inner) if inner.trim().starts_with("secrets."))
        });
        if named && secret {
            let message =
                format!("`{}` puts a secret on the command line, where other processes read it", option.text);
            let issue = Issue::new(&SECRET_IN_LOG, value.word.span.clone(), message).severity(Severity::Low);
            issues.push(issue.remedy("Hand it over in the environment or on standard input."));
        }
    }
}

/// Programs, with what they are told to do, whose option `-p` is a password.
const SHORT: &[(&str, &str)] = &[
    ("twine", "upload"),
    ("docker", "login"),
    ("podman", "login"),
    ("buildah", "login"),
    ("skopeo", "login"),
    ("helm", "login"),
    ("az", "login"),
    ("oc", "login"),
    ("cf", "login"),
];

#[cfg(test)]
mod tests {
    use crate::shell::inspect::{Setting, script};
    use bartizan_core::Severity::{Low, Medium};

    fn found(text: &str) -> usize {
        script(text, Setting::Other).iter().filter(|issue| issue.rule.id == "pipeline/secret").count()
    }

    #[test]
    fn the_password_of_a_login_that_is_written_is_found() {
        assert_eq!(found("echo \"machine pypi.acme.dev login ci password Kq28zLmx91\" > ~/.netrc"), 1);
        assert_eq!(found("printf 'machine a.dev\\nlogin ci\\npassword Kq28zLmx91\\n' > ~/.netrc"), 1);
        assert_eq!(found("echo \"machine pypi.acme.dev login ci password $PASSWORD\" > ~/.netrc"), 0);
        assert_eq!(found("echo \"the machine has a password policy\""), 0);
    }

    #[test]
    fn secrets_that_are_filled_in_are_told_where_they_stay() {
        let graded = |text: &str, setting| -> Vec<(&str, bartizan_core::Severity)> {
            let issues = script(text, setting).into_iter();
            issues
                .filter(|issue| issue.rule.id.contains("secret"))
                .map(|issue| (issue.rule.id, issue.severity))
                .collect()
        };
        let build = "docker build --build-arg HF_TOKEN=$(HF_TOKEN) -t a .";
        assert_eq!(graded(build, Setting::Other), [("pipeline/packaged-secret", Medium)]);
        assert_eq!(
            graded("docker build --build-arg VERSION=$V --secret id=hf,env=HF_TOKEN .", Setting::Other),
            []
        );
        let login = "hf login --token ${{ secrets.HF_TOKEN }}";
        assert_eq!(graded(login, Setting::Pipeline), [("pipeline/secret-in-log", Low)]);
        assert_eq!(graded("hf login --token $HF_TOKEN", Setting::Pipeline), []);
        assert_eq!(graded("a --name ${{ secrets.NAME }}", Setting::Pipeline), []);
    }

    #[test]
    fn passwords_given_as_options_are_found_and_variables_are_not() {
        for text in [
            "twine upload -u acme -p Hunter2Hunter2Xy dist/*",
            "docker login -u acme --password Hunter2Hunter2Xy r.example",
            "curl -u ml:S3cr3tPassw0rd https://x.example/m",
            "mlflow server --backend-store-uri postgresql://ml:S3cr3tPassw0rd@db.example/m",
            "psql postgresql://ml:S3cr3tPassw0rd@db.example/m",
            "wandb login 0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d",
        ] {
            assert_eq!(found(text), 1, "{text}");
        }
        for text in [
            "twine upload -u acme -p $PASSWORD dist/*",
            "wandb login $WANDB_API_KEY",
            "wandb login --relogin",
            "docker login --password-stdin r.example",
            "docker run -p 8080:80 acme/net",
            "curl -u ml:$PASSWORD https://x.example/m",
            "psql postgresql://ml:${PW}@db.example/m",
            "mkdir -p a/b",
            "python train.py --max-token 512 --pad-token pad",
        ] {
            assert_eq!(found(text), 0, "{text}");
        }
    }
}
