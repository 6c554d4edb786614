//! A line as a shell runs it: variables filled in, quotes and braces taken apart, what one command feeds to another.
//!
//! Source: POSIX.1-2024 XCU 2 (Shell Command Language); the tree is that of [`bartizan_pipeline::shell`].

use super::command::ARGUMENTS;
use super::decoded::decodes_into;
use super::destructive::{is_narrowed, may_run, named, patterned};
use super::expansion::Tree;
use super::feeding::{fed, here_text, is_fed, piped, printed};
use super::functions::of_script;
use super::line::{Danger, LONGEST, MOST, grave, serious};
use super::places::{is_account, is_device, is_here, is_root};
use super::said::is_only_said;
use super::variables::{FOLDER, Variables};
use bartizan_pipeline::shell::Word;

/// How deep texts are read that are commands themselves.
const DEEPEST: usize = 3;
/// What one line may cost in all: bytes that are filled in, commands that are looked through for them.
const COST: usize = 64 * LONGEST;
/// What reading a quoted text costs besides, since it has its own variables.
const INNER_COST: usize = 1024;
/// Functions of a text that are looked at.
const FUNCTIONS: usize = 64;

pub(super) const SHELLS: [&str; 9] =
    ["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "pwsh", "powershell"];

/// The worst that the commands of a line would do; takes up what it gives to variables.
pub(super) fn shell(line: &str, variables: &mut Variables) -> Option<Danger> {
    read(line, variables, 0, &mut COST.clone())
}

fn read(text: &str, variables: &mut Variables, depth: usize, left: &mut usize) -> Option<Danger> {
    let tree = Tree::read(text);
    for body in tree.script.functions.iter().take(FUNCTIONS) {
        if let Some((name, body)) = of_script(text, body) {
            variables.functions.keep(name.to_owned(), body.into_owned());
        }
    }
    let mut worst: Option<Danger> = None;
    for (index, command) in tree.script.commands.iter().enumerate() {
        if *left == 0 && index >= MOST {
            break;
        }
        let words = tree.words(index, variables, left);
        let found = judged(&tree, index, &words, variables, (depth, left));
        let fetched = variables.fetched.take(&words, command);
        worst = worst.into_iter().chain(found).chain(fetched).max_by_key(|one| one.grade);
        for one in &command.assignments {
            let value = tree.expanded(&one.value, index, variables, left).join(" ");
            variables.set(&one.name, &value);
        }
        match words.as_slice() {
            [name, place] if name == "cd" || name == "pushd" => variables.set(FOLDER, place),
            [name, given @ ..] if matches!(name.as_str(), "export" | "readonly" | "local") => {
                for (name, value) in given.iter().filter_map(|one| one.split_once('=')) {
                    variables.set(name, value);
                }
            }
            [name, count @ ..] if name == "shift" => {
                variables.shift(count.first().and_then(|count| count.parse().ok()).unwrap_or(1));
            }
            [name, mark, given @ ..] if name == "set" && mark == "--" => {
                variables.give(&given.iter().map(String::as_str).collect::<Vec<_>>());
            }
            // Of several the worst tells.
            [name, each, word, given @ ..] if name == "for" && word == "in" => {
                let worst = given.iter().find(|one| is_root(one)).or(given.first());
                variables.set(each, worst.map_or("", String::as_str));
            }
            [name, each] if name == "for" => {
                let given = variables.value("@").unwrap_or_default();
                let worst = given.split_whitespace().find(|one| is_root(one));
                if let Some(worst) = worst.or(given.split_whitespace().next()).map(str::to_owned) {
                    variables.set(each, &worst);
                }
            }
            [name, options @ .., each]
                if name == "read" && options.iter().all(|one| one.starts_with('-')) =>
            {
                if let Some(line) = line_of(&tree, index, variables, left) {
                    variables.set(each, line.lines().next().unwrap_or_default().trim());
                }
            }
            [name, option, each, given @ ..] if name == "printf" && option == "-v" => {
                variables.set(each, &printed(given.iter().map(String::as_str)));
            }
            [name, given @ ..] if name == "alias" => {
                for (name, value) in given.iter().filter_map(|one| one.split_once('=')) {
                    variables.functions.keep(name.to_owned(), format!("{value} $@"));
                }
            }
            _ => {}
        }
    }
    worst
}

/// What a command that reads a line reads, as far as the line it stands in has it; of what is found below a place, that place.
fn line_of(tree: &Tree<'_>, index: usize, variables: &Variables, left: &mut usize) -> Option<String> {
    let command = tree.script.commands.get(index)?;
    if let Some(string) = command.redirects.iter().rfind(|one| one.operator == "<<<") {
        return Some(tree.expanded(&string.target, index, variables, left).join(" "));
    }
    let source = command.pipe_from?;
    let words = tree.words(source, variables, left);
    let plain: Vec<&str> = words.iter().map(String::as_str).collect();
    match plain.split_first() {
        Some((name, arguments)) if program(name) == "find" && !is_narrowed(arguments) => {
            arguments.iter().find(|one| !one.starts_with('-')).map(|place| (*place).to_owned())
        }
        _ => piped(tree, command, variables, left),
    }
}

/// Whether a command runs code.
fn runs_code(words: &[Word]) -> bool {
    let name = words.iter().map(|word| program(&word.text)).find(|name| !is_wrapper(name));
    name.is_some_and(|name| {
        SHELLS.contains(&name.as_str()) || matches!(name.as_str(), "eval" | "source" | ".")
    })
}

/// Judges a command.
fn judged(
    tree: &Tree<'_>,
    index: usize,
    words: &[String],
    variables: &Variables,
    (depth, left): (usize, &mut usize),
) -> Option<Danger> {
    let command = tree.script.commands.get(index)?;
    let plain: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut found: Vec<Danger> = Vec::new();
    let in_root = variables.value(FOLDER).is_some_and(is_root);
    let mut begins = true;
    for (at, word) in plain.iter().enumerate() {
        let arguments = plain.get(at.saturating_add(1)..).unwrap_or_default();
        let name = program(word);
        if may_run(&name, plain.get(..at).unwrap_or_default()) {
            found.extend(named(&name, arguments));
        }
        if begins {
            found.extend(patterned(word).filter_map(|name| named(name, arguments)));
        }
        if name == "rm" && in_root && arguments.iter().any(|one| is_here(one)) {
            let moved: Vec<&str> =
                arguments.iter().map(|one| if is_here(one) { "/" } else { *one }).collect();
            found.extend(named(&name, &moved));
        }
        if matches!(name.as_str(), "xargs" | "parallel") {
            found.extend(fed(tree, index, arguments, variables, left));
        }
        // What PowerShell lists is removed as it is fed.
        let is_bare = || begins && arguments.iter().all(|one| one.starts_with('-'));
        if matches!(name.as_str(), "remove-item" | "ri" | "del" | "erase") && is_bare() {
            found.extend(fed(tree, index, &["rm", "-rf"], variables, left));
        }
        begins = begins && is_wrapper(&name);
    }
    // Who feeds whom is looked up among all.
    if runs_code(&command.words) {
        *left = left.saturating_sub(tree.script.commands.len());
    }
    if decodes_into(&tree.script, command) {
        found.extend(grave("hidden-code"));
    }
    found.extend(overwritten(tree, index, variables, left));
    if depth < DEEPEST {
        let inner = inner_texts(tree, index, &plain, variables, left);
        for (text, mut own) in inner {
            let Some(rest) = left.checked_sub(INNER_COST.saturating_add(text.len())) else { break };
            *left = rest;
            found.extend(read(&text, &mut own, depth.saturating_add(1), left));
        }
    }
    found.into_iter().max_by_key(|one| one.grade)
}

/// Texts that run where a command does, each with its variables: what is quoted may be a command for whoever gets it, what is fed to a
/// shell is one, and so is the body of a function that is called.
fn inner_texts(
    tree: &Tree<'_>,
    index: usize,
    plain: &[&str],
    variables: &Variables,
    left: &mut usize,
) -> Vec<(String, Variables)> {
    let Some(command) = tree.script.commands.get(index) else { return Vec::new() };
    let mut texts = Vec::new();
    if let Some(at) = plain.iter().position(|word| !is_wrapper(&program(word)))
        && let Some((name, arguments)) = plain.get(at..).unwrap_or_default().split_first()
        && let Some(body) = variables.functions.body(name)
    {
        let mut own = variables.clone();
        own.give(arguments);
        texts.push((body.to_owned(), own));
    }
    let is_text = |word: &&Word| word.quoted && word.text.contains([' ', '\t']);
    *left = left.saturating_sub(
        command.words.iter().filter(is_text).count().saturating_mul(tree.script.commands.len()),
    );
    let quoted = command
        .words
        .iter()
        .filter(is_text)
        .filter(|word| !is_only_said(&tree.script, index, word, variables.hand_on()));
    texts.extend(quoted.map(|word| (word.text.clone(), variables.clone())));
    if is_fed(command) {
        let strings = command.redirects.iter().filter(|one| one.operator == "<<<").take(ARGUMENTS);
        let mut fed: Vec<String> =
            strings.map(|one| tree.expanded(&one.target, index, variables, left).join(" ")).collect();
        fed.extend(here_text(tree, command));
        fed.extend(piped(tree, command, variables, left));
        texts.extend(fed.into_iter().map(|text| (text, variables.clone())));
    }
    texts
}

/// What a command writes its output over: a disk, or a file of accounts.
fn overwritten(tree: &Tree<'_>, index: usize, variables: &Variables, left: &mut usize) -> Option<Danger> {
    let command = tree.script.commands.get(index)?;
    let first = command.words.first().map_or(usize::MAX, |word| word.span.start);
    // Lines of a mail and of Markdown begin so too, and arrows of prose end so.
    let is_quote = |start: usize| start < first && !command.words.is_empty();
    let is_arrow = |start: usize| {
        let before = tree.text.get(..start).unwrap_or_default().trim_end();
        before.trim_end_matches(['>', '|', '&']).ends_with(['-', '=', '<'])
    };
    let mut worst: Option<Danger> = None;
    for redirect in command.redirects.iter().take(ARGUMENTS) {
        let start = redirect.target.span.start;
        let writes = redirect.operator.contains('>') && redirect.operator != "<>";
        if !writes || is_quote(start) || is_arrow(start) {
            continue;
        }
        for place in tree.expanded(&redirect.target, index, variables, left) {
            let found = if is_device(&place) {
                grave("destroys-disk")
            } else if is_account(&place) && redirect.operator.contains(">>") {
                serious("persistence")
            } else if is_account(&place) {
                grave("destroys-files")
            } else {
                None
            };
            worst = worst.into_iter().chain(found).max_by_key(|one| one.grade);
        }
    }
    worst
}

/// The name of a program without its folder, in small letters.
pub(super) fn program(word: &str) -> String {
    word.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether a word stands before the program that a command runs in the end.
pub(super) fn is_wrapper(name: &str) -> bool {
    const WRAPPERS: [&str; 11] =
        ["sudo", "doas", "env", "nohup", "nice", "time", "exec", "command", "timeout", "xargs", "busybox"];
    name.starts_with('-')
        || name.contains('=')
        || WRAPPERS.contains(&name)
        || name.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::line::{Grade, danger};
    use super::super::variables::LONGEST_VALUE;
    use super::*;

    fn labels(lines: &str) -> Vec<(&'static str, Grade)> {
        let mut variables = Variables::default();
        let found = super::super::lines(lines).into_iter().filter_map(|line| danger(line, &mut variables));
        found.map(|one| (one.label, one.grade)).collect()
    }

    #[test]
    fn what_a_shell_would_run_is_judged_however_it_is_written() {
        for lines in [
            "X=rm; $X -rf /",
            "X=rm\nY=/\n$X -rf \"$Y\"",
            "export DIR=/\nrm -rf ${DIR}",
            "rm${IFS}-rf${IFS}/",
            "rm$IFS$9-rf$IFS$9/",
            "{rm,-rf,/}",
            "r''m -rf /",
            "$(echo rm) -rf /",
            "`echo rm` -rf /",
            "$'\\x72\\x6d' -rf /",
            "sh -c 'rm -rf /'",
            "bash -c \"sh -c 'rm -rf ~'\"",
            "eval rm -rf /",
            "ssh host 'rm -rf /etc'",
            "find / -type f | xargs rm -rf",
            "ls / | sudo xargs -I{} rm -rf {}",
            "echo / | xargs rm -rf",
            "find / -exec rm -rf {} +",
            "cd / && rm -rf *",
            "cd ~\nrm -rf ./*",
            "mv /home /dev/null",
            "Remove-Item -Rec -Force C:\\*",
            "Get-ChildItem C:\\ -Recurse | Remove-Item -Force -Recurse",
            "gci / -r | ri -r -fo",
            "Get-ChildItem C:\\Users -Recurse | Remove-Item -Force -Recurse; Clear-RecycleBin -Force",
            "ri -r -fo $env:USERPROFILE",
            "/bin/r? -rf /",
            "/b*/r[m] -rf /",
            "/???/rm -rf /",
            "sudo /usr/bin/[r]m -fr /",
            "rm -rf /./",
            "rm -rf /../",
            "rm -rf /tmp/..",
            "rm -rf //",
            "rm -rf /???",
            "rm -rf /{etc,usr}",
            "rm -rf ${X:-/}",
            "rm -rf \"${X:=/}\"",
            "X=; rm -rf ${X:-/}",
            "rm -rf ${HOME:0:1}",
            "f(){ rm -rf \"$1\"; }; f /",
            "wipe() { local dir=${1:-build}; rm -rf \"$dir\"; }; wipe /etc",
            "wipe() {\n  rm -r \"$1\"\n}\nwipe /etc",
            "function wipe {\nrm -r \"$@\"\n}\nwipe build /",
            "alias wipe='rm -rf'\nwipe /",
            "X=/\nbash <<< \"rm -rf $X\"",
            "sh <<<rm\\ -rf\\ /",
            "printf 'rm -rf %s' / | sh",
            "printf '%s %s %s' r\"\"m -rf / | sh",
            "echo \"r''m -rf '/'\" | sh",
            "echo \"X=/; rm -rf \\$X\" | sh",
            "echo 'wipe() { rm -rf \"$1\"; }; wipe /' | bash",
            "true; wipe() { rm -rf \"$1\"; }; wipe /",
            "true; wipe() {\n  # }\n  rm -rf \"$1\"\n}\nwipe /",
            "sh -c 'wipe() { rm -rf \"$1\"; }; wipe /'",
            "wipe() { echo '}'; rm -rf \"$1\"; }; wipe /",
            "wipe() { shift; rm -rf \"$1\"; }; wipe x /",
            "wipe() { shift 2; rm -rf \"$@\"; }; wipe a b /",
            "set -- /; rm -rf \"$1\"",
            "set -- /; for x; do rm -rf $x; done",
            "f() (rm -rf \"$1\"); f /",
            "g(){ rm -rf \"$1\"; }; f(){ g \"$1\"; }; f /",
            "read d <<< /; rm -rf $d",
            "read -r d <<< \"/\"\nrm -rf \"$d\"",
            "echo / | while read d; do rm -rf $d; done",
            "find / | while read -r f; do rm -rf \"$f\"; done",
            "printf -v d /; rm -rf $d",
            "printf '%-2s -rf %s' rm / | sh",
            "for d in build /; do rm -rf \"$d\"; done",
            "rsync -a --delete empty/ /",
            "sudo rsync -av --delete-after /tmp/empty/ /",
            "> /etc/passwd",
            "echo root::0:0::/: > /etc/passwd",
            "cat x | sudo tee /etc/shadow",
            "truncate -s 0 /etc/passwd",
        ] {
            assert_eq!(labels(lines), [("destroys-files", Grade::Grave)], "{lines}");
        }
        for (line, label) in [
            ("sh -c \"$(echo cm0= | base64 -d)\"", "hidden-code"),
            ("eval \"$(base64 --decode <<< cm0=)\"", "hidden-code"),
            ("echo cm0= | base64 -d | sudo bash", "hidden-code"),
            ("echo ZWNobw== | tr a a | base64 -di | sh", "hidden-code"),
            ("rev <<< '/ fr- mr' | sh", "hidden-code"),
            ("iex ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('cm0=')))", "hidden-code"),
            ("pwsh -EncodedCommand cgBtAA==", "hidden-code"),
            ("Clear-Disk -Number 0 -RemoveData", "destroys-disk"),
            ("cat image.iso | sudo dd of=/dev/nvme0n1", "destroys-disk"),
            ("sgdisk --zap-all /dev/sda", "destroys-disk"),
            ("> /dev/sda", "destroys-disk"),
            ("cat /dev/zero > /dev/sda", "destroys-disk"),
            ("D=/dev/sda; yes > $D", "destroys-disk"),
            ("cat image.iso | tee /dev/nvme0n1 >/dev/null", "destroys-disk"),
            ("cp /dev/zero /dev/sda", "destroys-disk"),
            ("mkswap /dev/sda1", "destroys-disk"),
            ("kubectl delete ns --all", "destroys-cluster"),
            ("kubectl delete all --all -A", "destroys-cluster"),
            ("wbadmin delete catalog -quiet", "destroys-backups"),
            ("kill -9 -1", "stops-everything"),
        ] {
            assert_eq!(labels(line), [(label, Grade::Grave)], "{line}");
        }
    }

    #[test]
    fn what_is_named_and_not_asked_about_is_serious() {
        for (line, label) in [
            ("git push --force origin main", "destroys-history"),
            ("git push -f origin HEAD:master", "destroys-history"),
            ("git push origin +main", "destroys-history"),
            ("git push origin :main", "destroys-history"),
            ("gh repo delete acme/app --yes", "destroys-history"),
            ("aws s3 rb s3://backups --force", "destroys-data"),
            ("aws s3 rm s3://backups --recursive", "destroys-data"),
            (
                "aws rds delete-db-instance --db-instance-identifier prod --skip-final-snapshot",
                "destroys-data",
            ),
            ("gsutil -m rm -r gs://backups", "destroys-data"),
            ("gcloud projects delete prod --quiet", "destroys-data"),
            ("az group delete --name prod --yes", "destroys-data"),
            ("redis-cli -h prod FLUSHALL", "destroys-data"),
            ("dropdb production", "destroys-data"),
            ("kubectl delete ns prod", "destroys-cluster"),
            ("kubectl -n prod delete deployments --all", "destroys-cluster"),
            ("terraform destroy -auto-approve", "destroys-cluster"),
            ("terraform apply -destroy --auto-approve", "destroys-cluster"),
            ("pulumi destroy --yes", "destroys-cluster"),
            ("docker system prune -af --volumes", "destroys-data"),
            ("find /srv/app -delete", "destroys-files"),
            ("find /srv/app -type f | xargs rm -f", "destroys-files"),
            ("TARGET=/srv/app\nrm -rf \"$TARGET\"", "destroys-files"),
            ("rm -rf *", "destroys-files"),
            ("rsync -a --delete --exclude /proc /mnt/copy/ /", "destroys-files"),
            ("rsync -a --delete /mnt/copy/ /home/", "destroys-files"),
            ("find / | grep cache | xargs rm -rf", "destroys-files"),
            ("find / -type f | head -n 100 | xargs rm -f", "destroys-files"),
            ("cp /root/passwd.bak /etc/passwd", "destroys-files"),
            ("echo x >> /etc/passwd", "persistence"),
        ] {
            assert_eq!(labels(line), [(label, Grade::Serious)], "{line}");
        }
    }

    #[test]
    fn what_developers_do_every_day_is_none() {
        for line in [
            "cd build && rm -rf CMakeFiles",
            "BUILD=build\nrm -rf \"$BUILD\"",
            "find . -name '*.pyc' -delete",
            "find . -name node_modules -type d | xargs rm -rf",
            "find /var/log -name '*.gz' -mtime +30 -delete",
            "git ls-files --deleted | xargs git rm",
            "git push origin main",
            "git push --force-with-lease origin main",
            "git push --force origin feature/login",
            "git push --delete origin old-branch",
            "aws s3 rm s3://bucket/key.txt",
            "aws s3 sync . s3://bucket --delete",
            "aws s3api delete-object --bucket b --key k",
            "aws s3 ls | xargs echo",
            "kubectl delete pod web-1",
            "kubectl delete -f deployment.yaml",
            "kubectl rollout restart deployment/web -n prod",
            "terraform destroy",
            "terraform apply -auto-approve",
            "docker system prune",
            "docker run --rm -it -v $PWD:/work python:3.12 bash",
            "kill -9 4711",
            "kill -1 4711",
            "echo hello | base64 -d",
            "cat data.b64 | base64 -d > image.png",
            "zcat access.log.gz | grep 404",
            "sh -c 'echo done'",
            "X=rm; echo $X -rf",
            "for f in *.txt; do mv \"$f\" old/; done",
            "rm -rf ./dist ./node_modules && npm ci",
            "Remove-Item -Recurse -Force .\\bin",
            "Get-ChildItem -Path . -Recurse -Include *.pyc | Remove-Item",
            "Get-ChildItem C:\\logs | Where-Object { $_.Length -gt 9 } | Remove-Item -Force",
            "dd if=/dev/zero of=test.img bs=1M count=10",
            "az group list --query '[].name'",
            "redis-cli ping",
            "rsync -a --delete public/ host:/srv/www/",
            "rsync -av / /mnt/backup",
            "cat /etc/passwd | cut -d: -f1 > users.txt",
            "dmesg > /dev/null 2>&1",
            "cp /etc/passwd backup/",
            "cat /dev/sda1 > image.img",
            "ls -l /dev/cdrom -> /dev/sda",
            "> /dev/sda is the first disk of the machine.",
            "f(){ rm -rf \"$1\"; }; f build",
            "f(){ rm -rf \"$1\"; }; g /",
            "f() { shift; rm -rf \"$1\"; }; f / build",
            "true; f() { rm -rf \"$1\"; }; f build",
            "for d in build dist; do rm -rf \"$d\"; done",
            "set -- build; rm -rf \"$1\"",
            "set -- build dist; for x; do rm -rf \"$x\"; done",
            "f() (rm -rf \"$1\"); f build",
            "call wipe() (see above) and rm build",
            "g(){ rm -rf \"$1\"; }; f(){ g \"$1\"; }; f build",
            "read -r name <<< build; rm -rf \"$name\"",
            "find build -name '*.o' | while read -r f; do rm -f \"$f\"; done",
            "echo build | while read -r d; do rm -rf \"$d\"; done",
            "printf -v d %s build; rm -rf \"$d\"",
            "printf 'ls %s' / | sh",
            "ls r* -r /",
            "find build | grep cache | xargs rm -rf",
            "alias ll='ls -la'\nll /",
            "bash <<< 'ls -la /'",
            "git commit -m \"$(cat <<'EOF'\ndocs: never run rm -rf /\nEOF\n)\"",
            "git commit -m \"docs: never run\nrm -rf /\n\"",
            "gh pr create --body \"Removes\n\nrm -rf /\n\nfrom the script\"",
        ] {
            assert_eq!(labels(line), [], "{line}");
        }
    }

    #[test]
    fn what_only_names_or_narrows_a_danger_is_not_grave() {
        for line in [
            "find /var -name '*.log' -mtime +30 -delete",
            "find ~ -name '.DS_Store' -delete",
            "find / -name '*.pyc' -exec rm {} \\;",
            "find $HOME -name node_modules -prune -exec rm -rf {} +",
            "find / -name core -type f | xargs rm -f",
            "bash deploy.sh --token $(kubectl get secret foo -o jsonpath='{.data.t}' | base64 -d)",
            "bash -c 'echo hi' $(echo aGk= | base64 -d)",
            "echo aGk= | base64 -d | sh -c 'cat > f'",
            "ls *.sh | rev | cut -c4- | rev | xargs -n1 bash",
            "Use the date format d: day",
            "In YAML the format k: v is used",
            "def format e: Event",
            "<div format a: b>",
            "grep -rn 'rm -rf /' scripts/",
            "history | grep 'rm -rf /'",
            "git commit -m 'Fix rm -rf / in cleanup'",
            "echo 'Never run rm -rf / as root'",
            "nvme format --help",
            "cryptsetup luksFormat /dev/loop0",
            "rm -rf /mnt/*",
            "chown -R www-data:www-data /srv",
            "cd /opt && rm -rf ..",
        ] {
            assert!(labels(line).iter().all(|(_, grade)| *grade == Grade::Serious), "{line}");
        }
    }

    #[test]
    fn what_looks_narrowed_or_said_and_is_not_stays_grave() {
        for line in [
            "find / -type f -delete",
            "find / ! -name keep -delete",
            "find / -delete -name x",
            "echo 'rm -rf /' | sh",
            "sudo bash -c 'rm -rf /'",
            "format c: /q",
            "bash <(echo cm0= | base64 -d)",
            "echo cm0= | base64 -d | bash -s -- x.sh",
            "find / | grep -v proc | xargs rm -rf",
            "find / | grep . | xargs rm -rf",
            "git commit -m \"docs: never run\nrm -rf /",
            "bash -c \"echo a\nrm -rf /\n\"",
            "git commit -m \"$(cat <<EOF\n$(rm -rf /)\nEOF\n)\"",
        ] {
            assert!(labels(line).iter().any(|(_, grade)| *grade == Grade::Grave), "{line}");
        }
    }

    #[test]
    fn no_number_of_commands_hides_one() {
        for many in [200, 255, 256, 400, 700, 1500] {
            for (before, command) in
                [("true;", "X=rm; $X -rf /"), (":;", "rm${IFS}-rf${IFS}/"), ("sh;", "sh -c 'X=rm; $X -rf /'")]
            {
                let line = format!("{}{command}", before.repeat(many));
                let grave = labels(&line).iter().any(|(_, grade)| *grade == Grade::Grave);
                // What must be looked up for each is bounded.
                assert!(grave || before == "sh;" && many > 400, "{many} {command}");
            }
        }
    }

    #[test]
    fn variables_do_not_make_a_line_grow() {
        let lines = format!("A={}\nrm {}", "a".repeat(LONGEST_VALUE), "$A".repeat(2_000));
        assert_eq!(labels(&lines), []);
    }

    proptest::proptest! {
        #[test]
        fn a_root_is_lost_however_name_and_place_are_written(
            name in proptest::sample::select(vec!["rm", "/bin/rm", "/b?n/r?", "sudo rm", "r''m", "$(echo rm)", "X=rm; $X"]),
            place in proptest::sample::select(vec!["/", "/.", "/./", "//", "/../", "/tmp/..", "${Y:-/}", "\"${Y:-/}\"", "/*", "/{etc,}"]),
            fed in 0..4_usize,
        ) {
            let line = match fed {
                0 => format!("{name} -rf {place}"),
                1 => format!("bash <<< '{}'", format!("{name} -rf {place}").replace('\'', "")),
                2 => format!("f() {{ {name} -rf \"$1\"; }}; f {place}"),
                _ => format!("cd /tmp && {name} -r -f {place}"),
            };
            let found = labels(&line);
            proptest::prop_assert!(found.iter().any(|(_, grade)| *grade == Grade::Grave), "{}: {:?}", line, found);
        }

        #[test]
        fn any_lines_are_read(
            lines in "([A-Z]=|\\$[A-Z]|\\$\\(|`|rm |-rf |/|\\||xargs |'|\"|\\{|\\}|,|\\\\x|cd |\n|\\PC){0,40}",
        ) {
            labels(&lines);
        }
    }
}
