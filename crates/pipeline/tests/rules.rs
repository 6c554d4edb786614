//! Every rule of pipelines, images and manifests fires on what it is about and is silent on its near miss.

use bartizan_core::{Limits, MonotonicClock, Severity};
use bartizan_pipeline::{Text, examine, rules};

/// Name of the file, what the rule finds, what is close to it and fine.
type Case = (&'static str, &'static str, &'static str, &'static str);

const WORKFLOW: &str = ".github/workflows/w.yml";

/// A workflow with one job of these steps, started by `on`.
fn steps(on: &str, steps: &str) -> String {
    format!(
        "on: {on}\npermissions: {{}}\njobs:\n  j:\n    runs-on: ubuntu-24.04\n    permissions: {{}}\n    steps:\n{steps}"
    )
}

const COMMIT: &str = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";

#[rustfmt::skip] // a table
const CASES: &[Case] = &[
    ("adhoc-package", "gh", "run: npm install oxlint@1.55.0", "run: npm ci"),
    ("archived-action", "gh", "uses: actions/create-release@COMMIT", "uses: softprops/action-gh-release@COMMIT"),
    ("artifact-poisoning", "gh workflow_run", "uses: dawidd6/action-download-artifact@COMMIT\n      - run: ./deploy.sh", "uses: dawidd6/action-download-artifact@COMMIT\n        with: {path: '${{ runner.temp }}/a'}\n      - run: ./deploy.sh"),
    ("bot-condition", "gh pull_request_target", "run: gh pr merge\n        if: github.actor == 'dependabot[bot]'", "run: gh pr merge\n        if: github.event.pull_request.user.login == 'dependabot[bot]'"),
    ("cache-poisoning", "gh release", "uses: actions/setup-python@COMMIT\n        with: {cache: pip}", "uses: actions/setup-python@COMMIT\n        with: {cache: ''}"),
    ("curl-pipe-shell", "gh", "run: curl -sSf https://x.example/i.sh | sh", "run: curl -sSf https://x.example/i.json | jq .a"),
    ("dangerous-trigger", "gh pull_request_target", "uses: actions/checkout@COMMIT", "uses: actions/labeler@COMMIT"),
    ("dependency-confusion", "Dockerfile", "FROM a@sha256:00\nRUN pip install --extra-index-url https://p.example/simple x==1\nUSER 1\n", "FROM a@sha256:00\nRUN pip install --index-url https://p.example/simple x==1\nUSER 1\n"),
    ("dependency-cooldown", "dependabot.yml", "version: 2\nupdates:\n- package-ecosystem: pip\n  cooldown: {default-days: 1}\n", "version: 2\nupdates:\n- package-ecosystem: pip\n  cooldown: {default-days: 14}\n"),
    ("dependency-execution", "dependabot.yml", "version: 2\nupdates:\n- package-ecosystem: pip\n  insecure-external-code-execution: allow\n", "version: 2\nupdates:\n- package-ecosystem: pip\n  insecure-external-code-execution: deny\n"),
    ("environment-file-injection", "gh pull_request_target", "run: echo \"t=$T\" >> $GITHUB_ENV\n        env: {T: '${{ github.event.pull_request.title }}'}", "run: echo t=1 >> $GITHUB_ENV"),
    ("excessive-permissions", WORKFLOW, "on: push\npermissions: write-all\njobs: {a: {runs-on: x, steps: [{run: ls}]}}\n", "on: push\npermissions: {}\njobs: {a: {runs-on: x, permissions: {contents: write}, steps: [{run: ls}]}}\n"),
    ("exposed-service", "k.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers:\n  - image: a@sha256:00\n    name: a\n    command: [mlflow, server, --host, 0.0.0.0]\n", "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers:\n  - image: a@sha256:00\n    name: a\n    command: [mlflow, server, --host, 127.0.0.1]\n"),
    ("hooks-skipped", "run.sh", "#!/bin/sh\ngit push --no-verify\n", "#!/bin/sh\ngit push\n"),
    ("host-access", "compose.yml", "services: {a: {image: 'a@sha256:00', network_mode: host}}\nx: 1\nservices_: 1\n", "services: {a: {image: 'a@sha256:00', network_mode: bridge}}\n"),
    ("insecure-commands", "gh", "run: ls\n        env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: 'true'}", "run: ls\n        env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: 'false'}"),
    ("insecure-transport", "Dockerfile", "FROM a@sha256:00\nADD http://m.example/net.bin /m/\nUSER 1\n", "FROM a@sha256:00\nRUN curl http://localhost:8080/health\nUSER 1\n"),
    ("known-vulnerable-action", "gh", "uses: tj-actions/changed-files@v45", "uses: tj-actions/changed-files@v46.0.1"),
    ("long-lived-publishing-token", "gh", "run: twine upload dist/*", "run: twine check dist/*"),
    ("model-output-executed", "gh", "run: llm 'one command' | bash", "run: llm 'one command' > answer.md"),
    ("no-authentication", "Dockerfile", "FROM a@sha256:00\nUSER 1\nCMD [\"jupyter\", \"lab\", \"--ServerApp.token=\"]\n", "FROM a@sha256:00\nUSER 1\nCMD [\"jupyter\", \"lab\"]\n"),
    ("no-network-isolation", "main.tf", "resource \"aws_sagemaker_notebook_instance\" \"n\" {\n  direct_internet_access = \"Enabled\"\n  subnet_id = var.s\n}\n", "resource \"aws_sagemaker_notebook_instance\" \"n\" {\n  direct_internet_access = \"Disabled\"\n  subnet_id = var.s\n}\n"),
    ("overprovisioned-secrets", "gh", "run: ls\n        env: {A: '${{ toJSON(secrets) }}'}", "run: ls\n        env: {A: '${{ toJSON(matrix) }}'}"),
    ("persisted-credentials", "gh", "uses: actions/checkout@COMMIT", "uses: actions/checkout@COMMIT\n        with: {persist-credentials: false}"),
    ("privileged-container", "k.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: a, image: 'a@sha256:00', securityContext: {privileged: true}}\n", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: a, image: 'a@sha256:00', securityContext: {privileged: false}}\n"),
    ("prompt-injection-in-ci", "gh issues", "uses: anthropics/claude-code-action@COMMIT\n        with: {prompt: 'Fix ${{ github.event.issue.body }}'}", "uses: anthropics/claude-code-action@COMMIT\n        if: github.event.issue.author_association == 'OWNER'\n        with: {prompt: 'Fix issue ${{ github.event.issue.number }}'}"),
    ("remote-code", "k.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: a@sha256:00\n    env:\n    - {name: TRUST_REMOTE_CODE, value: 'true'}\n", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: a@sha256:00\n    env:\n    - {name: TRUST_REMOTE_CODE, value: 'false'}\n"),
    ("risky-tool-grant", "gh", "run: npx @anthropic-ai/claude-code@1.0.0 -p x --dangerously-skip-permissions", "run: npx @anthropic-ai/claude-code@1.0.0 -p x --allowedTools Read"),
    ("root-user", "Dockerfile", "FROM a@sha256:00\nUSER 1\nUSER root\n", "FROM a@sha256:00\nUSER root\nRUN ls\nUSER 1\n"),
    ("secret", ".gitlab-ci.yml", "variables:\n  WANDB_API_KEY: 0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d\n", "variables:\n  WANDB_API_KEY: $WANDB_KEY_FROM_VAULT\n"),
    ("secret-in-log", ".gitlab-ci.yml", "a:\n  script:\n  - echo $HF_TOKEN\n", "a:\n  script:\n  - echo $HF_TOKEN | docker login --password-stdin\n"),
    ("secrets-inherit", WORKFLOW, "on: push\npermissions: {}\njobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@COMMIT\n    secrets: inherit\n", "on: push\npermissions: {}\njobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@COMMIT\n    secrets: {a: '${{ secrets.A }}'}\n"),
    ("secrets-outside-environment", WORKFLOW, "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: ls\n      env: {A: '${{ secrets.A }}'}\n", "on: push\njobs:\n  a:\n    runs-on: x\n    environment: p\n    steps:\n    - run: ls\n      env: {A: '${{ secrets.A }}'}\n"),
    ("self-hosted-runner", WORKFLOW, "on: push\njobs: {a: {runs-on: [self-hosted, gpu], steps: [{run: ls}]}}\n", "on: push\njobs: {a: {runs-on: [ubuntu-24.04], steps: [{run: ls}]}}\n"),
    ("superfluous-action", "gh", "uses: peter-evans/create-or-update-comment@COMMIT", "run: gh pr comment 1"),
    ("template-injection", "k.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nspec:\n  templates:\n  - name: a\n    container:\n      image: a@sha256:00\n      command: [sh, -c, 'python t.py {{workflow.parameters.x}}']\n", "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nspec:\n  templates:\n  - name: a\n    container:\n      image: a@sha256:00\n      command: [sh, -c, 'python t.py \"$X\"']\n      env: [{name: X, value: '{{workflow.parameters.x}}'}]\n"),
    ("tls-disabled", "Jenkinsfile", "node { sh 'curl -k https://x.example/a' }\n", "node { sh 'curl https://x.example/a' }\n"),
    ("typosquat-action", "gh", "uses: actoins/checkout@COMMIT\n        with: {persist-credentials: false}", "uses: actions/checkout@COMMIT\n        with: {persist-credentials: false}"),
    ("undocumented-permissions", WORKFLOW, "on: push\npermissions:\n  id-token: write\njobs: {a: {runs-on: x, steps: [{run: ls}]}}\n", "on: push\npermissions:\n  id-token: write # trusted publishing\njobs: {a: {runs-on: x, steps: [{run: ls}]}}\n"),
    ("packaged-secret", "Dockerfile", "FROM a@sha256:00\nCOPY .env /app/.env\nUSER 1\n", "FROM a@sha256:00\nCOPY .env.example /app/.env\nUSER 1\n"),
    ("unencrypted-storage", "main.tf", "resource \"google_vertex_ai_dataset\" \"d\" {\n  region = \"x\"\n}\n", "resource \"google_vertex_ai_dataset\" \"d\" {\n  encryption_spec { kms_key_name = var.k }\n}\n"),
    ("unpinned-action", "gh", "uses: docker/login-action@v3", "uses: docker/login-action@COMMIT # v3"),
    ("unpinned-image", "azure-pipelines.yml", "pool: x\nresources:\n  containers:\n  - {container: c, image: 'pytorch/pytorch:latest'}\n", "pool: x\nresources:\n  containers:\n  - {container: c, image: 'pytorch/pytorch@sha256:00'}\n"),
    ("unpinned-include", ".gitlab-ci.yml", "include:\n- {project: a/b, ref: main, file: /x.yml}\n", "include:\n- {project: a/b, ref: COMMIT, file: /x.yml}\n"),
    ("unpinned-model", "k.yaml", "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: {predictor: {model: {storageUri: 'hf://a/b:main'}}}\n", "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: {predictor: {model: {storageUri: 'hf://a/b:COMMIT'}}}\n"),
    ("unpinned-package", "compose.yml", "services: {a: {image: 'a@sha256:00', command: sh -c 'pip install vllm && vllm serve /m'}}\n", "services: {a: {image: 'a@sha256:00', command: sh -c 'pip install vllm==0.6.3 && vllm serve /m'}}\n"),
    ("unpinned-source", "gh", "run: git clone https://github.com/a/b && pip install ./b", "run: git clone https://github.com/a/b && git -C b checkout COMMIT && pip install ./b"),
    ("unredacted-secret", "gh", "run: ls\n        env: {A: '${{ fromJSON(secrets.C).k }}'}", "run: ls\n        env: {A: '${{ fromJSON(inputs.c).k }}'}"),
    ("unsafe-model-format", "k.yaml", "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nspec: {graph: {implementation: SKLEARN_SERVER, modelUri: 'gs://b/m/latest'}}\n", "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nspec: {graph: {implementation: TRITON_SERVER, modelUri: 'gs://b/m/v3'}}\n"),
    ("unsound-condition", "gh", "run: ls\n        if: contains('main,prod', github.ref_name)", "run: ls\n        if: contains(fromJSON('[\"main\"]'), github.ref_name)"),
    ("untrusted-checkout", "gh pull_request_target", "uses: actions/checkout@COMMIT\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n      - run: python train.py", "uses: actions/checkout@COMMIT\n        with: {ref: '${{ github.event.pull_request.base.sha }}'}\n      - run: python train.py"),
    ("unverified-download", "Dockerfile", "FROM a@sha256:00\nRUN wget https://x.example/t && chmod +x t && ./t\nUSER 1\n", "FROM a@sha256:00\nRUN wget https://x.example/t && echo '00  t' | sha256sum -c && chmod +x t && ./t\nUSER 1\n"),
    ("unverified-promotion", "gh", "run: huggingface-cli upload a/b out", "run: bartizan scan out && huggingface-cli upload a/b out"),
    ("world-writable", "Dockerfile", "FROM a@sha256:00\nRUN chmod -R 777 /m\nUSER 1\n", "FROM a@sha256:00\nRUN chmod -R 755 /m\nUSER 1\n"),
    // The same rules in other places.
    ("prompt-injection-in-ci", "gh issues", "uses: actions/ai-inference@COMMIT\n        id: ask\n      - uses: anthropics/claude-code-action@COMMIT\n        if: github.actor == 'x'\n        with: {prompt: 'Do ${{ steps.ask.outputs.response }}'}", "uses: actions/ai-inference@COMMIT\n        id: ask\n      - uses: anthropics/claude-code-action@COMMIT\n        if: github.actor == 'x'\n        with: {prompt: 'Do ${{ github.sha }}'}"),
    ("prompt-injection-in-ci", "gh issue_comment", "run: claude -p \"$BODY\"\n        env: {BODY: '${{ github.event.comment.body }}'}", "run: claude -p \"review the diff\"\n        env: {N: '${{ github.event.issue.number }}'}"),
    ("template-injection", "gh issues", "run: ls\n        env: {T: x}\n      - uses: actions/github-script@COMMIT\n        with: {script: 'return \"${{ github.event.issue.title }}\"'}", "uses: actions/github-script@COMMIT\n        with: {script: 'return context.payload.issue.title'}"),
    ("template-injection", "MLproject", "entry_points:\n  main:\n    command: \"bash -c 'python train.py {x}'\"\n", "entry_points:\n  main:\n    command: \"python train.py\"\n"),
    ("unpinned-model", "k.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', env: [{name: MODEL_ID, value: acme/net}]}]}\n", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', env: [{name: MODEL_ID, value: acme/net}, {name: REVISION, value: COMMIT}]}]}\n"),
    ("unpinned-model", "k.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', args: ['--model-repository=s3://b/latest']}]}\n", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', args: ['--model-repository=s3://b/v3']}]}\n"),
    ("insecure-transport", "k.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', env: [{name: MODEL_URL, value: 'http://m.example/n.bin'}]}]}\n", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', env: [{name: MODEL_URL, value: 'http://localhost:9000/n.bin'}]}]}\n"),
    ("insecure-transport", "wf.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templates: [{inputs: {artifacts: [{name: d, path: /d, http: {url: 'http://d.example/x.csv'}}]}}]}\n", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templates: [{inputs: {artifacts: [{name: d, path: /d, http: {url: 'https://d.example/x.csv'}}]}}]}\n"),
    ("unpinned-source", "wf.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templates: [{inputs: {artifacts: [{name: c, path: /c, git: {repo: 'https://x.example/c.git', revision: main}}]}}]}\n", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templates: [{inputs: {artifacts: [{name: c, path: /c, git: {repo: 'https://x.example/c.git', revision: COMMIT}}]}}]}\n"),
    ("secret", "k.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', args: [--hf-token, hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567]}]}\n", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', args: [--hf-token, $(HF_TOKEN)]}]}\n"),
    ("no-authentication", "k.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', command: [jupyter, lab, \"--NotebookApp.token=''\"]}]}\n", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', command: [jupyter, lab, \"--NotebookApp.token=$(T)\"]}]}\n"),
    ("unverified-promotion", ".gitlab-ci.yml", "a:\n  script:\n  - python train.py\n  - aws s3 cp out/model.pt s3://models/prod/\n", "a:\n  script:\n  - cosign sign-blob out/model.pt\n  - aws s3 cp out/model.pt s3://models/prod/\n"),
    ("unpinned-include", "pipe.yaml", "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec: {pipelineRef: {resolver: git, params: [{name: url, value: 'https://x.example/p'}, {name: revision, value: main}]}}\n", "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec: {pipelineRef: {resolver: git, params: [{name: url, value: 'https://x.example/p'}, {name: revision, value: COMMIT}]}}\n"),
    ("template-injection", "azure-pipelines.yml", "pool: x\nsteps:\n- bash: echo $(Build.SourceBranchName)\n", "pool: x\nsteps:\n- bash: echo \"$BUILD_SOURCEBRANCHNAME\"\n"),
    ("template-injection", "Jenkinsfile", "node { sh \"train ${params.DATA}\" }\n", "node { sh 'train \"$DATA\"' }\n"),
    ("tls-disabled", "k.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', env: [{name: NODE_TLS_REJECT_UNAUTHORIZED, value: '0'}]}]}\n", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: t, image: 'a@sha256:00', env: [{name: NODE_TLS_REJECT_UNAUTHORIZED, value: '1'}]}]}\n"),
];

fn found(kind: &str, content: &str) -> Vec<&'static str> {
    let content = content.replace("COMMIT", COMMIT);
    let (name, content) = match kind.strip_prefix("gh") {
        Some(on) => {
            (WORKFLOW, steps(if on.is_empty() { "push" } else { on.trim() }, &format!("      - {content}\n")))
        }
        None => (kind, content),
    };
    let outcome = examine(&Text::new(name, &content), &Limits::default(), &MonotonicClock::start());
    assert!(outcome.format.is_some(), "nobody reads {name}:\n{content}");
    assert_eq!(outcome.gaps, [], "{content}");
    outcome.findings.iter().map(|one| one.rule.id.trim_start_matches("pipeline/")).collect()
}

#[test]
fn every_rule_fires_on_its_case_and_not_on_the_near_miss() {
    let mut wrong = Vec::new();
    for (rule, kind, bad, near) in CASES {
        if !found(kind, bad).contains(rule) {
            wrong.push(format!("{rule} is silent: {:?}", found(kind, bad)));
        }
        if found(kind, near).contains(rule) {
            wrong.push(format!("{rule} fires on its near miss: {near}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
    let untried: Vec<&str> = rules::RULES
        .iter()
        .map(|rule| rule.id.trim_start_matches("pipeline/"))
        .filter(|rule| !CASES.iter().any(|(known, ..)| known == rule))
        .collect();
    assert_eq!(untried, [""; 0]);
}

#[test]
fn every_rule_has_a_page_with_its_parts() {
    for rule in rules::RULES {
        for heading in
            ["## What it finds", "## Why it matters", "## Example", "## How to fix", "## References"]
        {
            assert!(rule.docs.contains(heading), "{} lacks `{heading}`", rule.id);
        }
        assert!(!rule.taxonomies.is_empty(), "{}", rule.id);
    }
}

/// Files as careful people write them: nothing at medium or above may be said of them.
#[rustfmt::skip] // a table
const CAREFUL: &[(&str, &str)] = &[
    (WORKFLOW, "name: train\non:\n  push:\n    branches: [main]\n  pull_request:\npermissions: {}\nconcurrency: {group: '${{ github.workflow }}-${{ github.ref }}', cancel-in-progress: true}\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    permissions: {contents: read}\n    strategy: {matrix: {python: ['3.11', '3.12']}}\n    steps:\n    - uses: actions/checkout@COMMIT # v4\n      with: {persist-credentials: false}\n    - uses: actions/setup-python@COMMIT # v5\n      with: {python-version: '${{ matrix.python }}', cache: pip}\n    - run: |\n        pip install --require-hashes -r requirements.txt\n        pytest -q \"$GITHUB_WORKSPACE/tests\"\n        echo \"sha=${GITHUB_SHA}\" >> \"$GITHUB_OUTPUT\"\n    - run: echo \"$TITLE\"\n      env: {TITLE: '${{ github.event.pull_request.title }}'}\n    - uses: actions/upload-artifact@COMMIT # v4\n      with: {name: report, path: report.xml}\n"),
    (WORKFLOW, "name: label\non: pull_request_target\npermissions: {}\njobs:\n  l:\n    runs-on: ubuntu-24.04\n    permissions: {pull-requests: write} # labels\n    steps:\n    - uses: actions/labeler@COMMIT # v5\n"),
    (WORKFLOW, "name: publish\non:\n  release: {types: [published]}\npermissions: {}\njobs:\n  p:\n    runs-on: ubuntu-24.04\n    environment: pypi\n    permissions: {id-token: write}\n    steps:\n    - uses: actions/download-artifact@COMMIT # v4\n    - uses: pypa/gh-action-pypi-publish@COMMIT # v1\n"),
    (".gitlab-ci.yml", "stages: [test, train]\ninclude:\n- local: /ci/base.yml\n- {project: ml/ci, ref: COMMIT, file: /t.yml}\ndefault: {image: 'python@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}\nvariables: {PIP_CACHE_DIR: $CI_PROJECT_DIR/.pip, HF_HOME: /cache}\ntest:\n  stage: test\n  script:\n  - pip install --require-hashes -r requirements.txt\n  - pytest --junitxml=r.xml\n  - echo \"branch $CI_COMMIT_REF_NAME\"\n  - docker login -u \"$CI_REGISTRY_USER\" -p \"$CI_REGISTRY_PASSWORD\" \"$CI_REGISTRY\"\n  artifacts: {reports: {junit: r.xml}}\n"),
    ("Dockerfile", "# syntax=docker/dockerfile:1\nARG BASE=python:3.12-slim@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nFROM ${BASE} AS build\nENV PYTHONUNBUFFERED=1 \\\n    PIP_NO_CACHE_DIR=1\nWORKDIR /app\nCOPY requirements.txt .\nRUN --mount=type=secret,id=hf pip install --require-hashes -r requirements.txt\nRUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\nFROM ${BASE}\nCOPY --from=build /app /app\nRUN useradd -u 10001 app\nUSER app\nEXPOSE 8080\nHEALTHCHECK CMD curl -f http://localhost:8080/health || exit 1\nENTRYPOINT [\"python\", \"-m\", \"serve\", \"--host\", \"0.0.0.0\"]\n"),
    ("k.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: vllm}\nspec:\n  template:\n    spec:\n      securityContext: {runAsNonRoot: true, runAsUser: 1000}\n      containers:\n      - name: vllm\n        image: vllm/vllm-openai:v0.6.3@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n        args: [--model, /models/net, --port, '8000', --api-key, $(API_KEY)]\n        env:\n        - {name: API_KEY, valueFrom: {secretKeyRef: {name: k, key: k}}}\n        - {name: HF_HUB_OFFLINE, value: '1'}\n        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, readOnlyRootFilesystem: true}\n        volumeMounts: [{name: m, mountPath: /models, readOnly: true}]\n      volumes:\n      - {name: m, persistentVolumeClaim: {claimName: m}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: vllm}\nspec: {type: ClusterIP, ports: [{port: 8000}]}\n"),
    ("k.yaml", "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: m}\nspec:\n  predictor:\n    model:\n      modelFormat: {name: onnx}\n      storageUri: s3://models/net/v3/model.onnx\n"),
    ("wf.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: t-}\nspec:\n  entrypoint: m\n  arguments: {parameters: [{name: lr, value: '0.1'}]}\n  templates:\n  - name: m\n    inputs: {parameters: [{name: lr}]}\n    container:\n      image: python@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n      command: [python, train.py]\n      args: [--lr, '{{inputs.parameters.lr}}']\n"),
    ("docker-compose.yml", "services:\n  db:\n    image: postgres:16@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/p, POSTGRES_USER: mlflow}\n  api:\n    build: .\n    image: acme/api\n    environment: ['HF_TOKEN=${HF_TOKEN}', 'MAX_TOKENS=4096', 'TOKENIZERS_PARALLELISM=false']\n    ports: ['127.0.0.1:8000:8000']\n"),
    ("azure-pipelines.yml", "trigger: [main]\npool: {vmImage: ubuntu-22.04}\nvariables: {python.version: '3.12'}\nsteps:\n- task: UsePythonVersion@0\n  inputs: {versionSpec: $(python.version)}\n- script: |\n    pip install --require-hashes -r requirements.txt\n    pytest $(Build.SourcesDirectory)/tests\n- bash: echo \"$TITLE\"\n  env: {TITLE: $(Build.SourceVersionMessage)}\n"),
    ("Jenkinsfile", "pipeline {\n  agent { docker { image 'python@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' } }\n  environment { HF_TOKEN = credentials('hf') }\n  stages { stage('t') { steps {\n    sh 'pip install --require-hashes -r requirements.txt'\n    sh \"make build VERSION=${env.BUILD_NUMBER}\"\n    withCredentials([string(credentialsId: 'x', variable: 'T')]) { sh 'login \"$T\"' }\n  } } }\n}\n"),
    ("values.yaml", "image:\n  repository: vllm/vllm-openai\n  tag: v0.6.3\n  pullPolicy: IfNotPresent\nargs: [--model, /models/net]\nauth: {existingSecret: s, passwordKey: p}\n"),
    ("main.tf", "terraform {\n  required_version = \">= 1.6\"\n}\nresource \"aws_sagemaker_model\" \"m\" {\n  enable_network_isolation = true\n  vpc_config {\n    subnets = var.s\n  }\n  primary_container {\n    image = \"1.dkr.ecr.us-east-1.amazonaws.com/n@sha256:aa\"\n    model_data_url = \"s3://b/n/v3/model.tar.gz\"\n  }\n}\nvariable \"db_password\" {\n  type = string\n  sensitive = true\n}\n"),
];

#[test]
fn careful_files_are_quiet_at_medium_and_above() {
    let mut loud = Vec::new();
    for (name, content) in CAREFUL {
        let content = content.replace("COMMIT", COMMIT);
        let outcome = examine(&Text::new(name, &content), &Limits::default(), &MonotonicClock::start());
        assert!(outcome.format.is_some() && outcome.gaps.is_empty(), "{name}: {:?}", outcome.gaps);
        let findings = outcome.findings.iter().filter(|one| one.severity >= Severity::Medium);
        loud.extend(
            findings.map(|one| format!("{name}:{:?} {} {}", one.location.line, one.rule.id, one.message)),
        );
    }
    assert_eq!(loud, [""; 0]);
}

#[test]
fn hostile_files_end_soon_and_say_what_was_not_read() {
    let bomb: String =
        std::iter::once("on: push\njobs:\n  a0: &a0 {runs-on: x, steps: [{run: ls}]}\n".to_owned())
            .chain(
                (1..200).map(|n| {
                    format!("  a{n}: &a{n} {{<<: [*a{0}, *a{0}, *a{0}, *a{0}], runs-on: x}}\n", n - 1)
                }),
            )
            .collect();
    let deep = format!("on: push\njobs: {}1{}\nruns-on: x\n", "[".repeat(9_000), "]".repeat(9_000));
    let cyclic = "include:\n- local: /.gitlab-ci.yml\na: &a\n  script: [ls]\n  needs: *a\n".to_owned();
    let binary =
        "on: push\njobs:\n  a: {runs-on: x, steps: [{run: \"\u{fffd}\u{fffd}\\x01\u{7f}\"}]}\n".to_owned();
    let many = format!(
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{}",
        "    - run: curl https://x | sh\n".repeat(5_000)
    );
    for (name, content, whole) in [
        (WORKFLOW, bomb, true),
        (WORKFLOW, deep, false),
        (".gitlab-ci.yml", cyclic, true),
        (WORKFLOW, binary, true),
        (WORKFLOW, many, false),
    ] {
        let outcome = examine(&Text::new(name, &content), &Limits::default(), &MonotonicClock::start());
        assert!(outcome.findings.len() <= Limits::default().findings);
        assert_eq!(
            outcome.gaps.is_empty(),
            whole,
            "{name} {:?} {}",
            outcome.gaps,
            content.get(..80).unwrap_or_default()
        );
    }
}
