//! The program that an image runs where only its arguments are given: [`program_of`].

/// The program whose arguments follow the image `reference`, by the entry point that the image is published with.
///
/// Source: the Dockerfiles of these images.
pub(crate) fn program_of(reference: &str) -> Option<&'static str> {
    let whole = reference.split('@').next().unwrap_or(reference);
    let last = whole.rfind('/').map_or(0, |slash| slash.saturating_add(1));
    let name = whole.get(last..)?.split(':').next().unwrap_or_default();
    let path = whole.get(..last).unwrap_or_default();
    let owner = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let named = |owners: &[&str]| owners.contains(&owner);
    Some(match name {
        "executor" | "warmer" if path.contains("kaniko") => "executor",
        "kaniko" | "kaniko-executor" => "executor",
        "skopeo" => "skopeo",
        "stable" | "upstream" if named(&["skopeo"]) => "skopeo",
        "stable" | "upstream" if named(&["buildah"]) => "buildah",
        "stable" | "upstream" if named(&["podman"]) => "podman",
        "crane" => "crane",
        "cosign" => "cosign",
        "oras" => "oras",
        "curl" => "curl",
        "kubectl" => "kubectl",
        "git" if named(&["alpine"]) => "git",
        "helm" if named(&["alpine"]) => "helm",
        "aws-cli" => "aws",
        "vllm-openai" | "vllm" => "vllm",
        "text-generation-inference" => "text-generation-launcher",
        "text-embeddings-inference" => "text-embeddings-router",
        "tritonserver" => "tritonserver",
        "redis" | "redis-stack-server" => "redis-server",
        "valkey" => "valkey-server",
        "mlflow" => "mlflow",
        "tensorboard" => "tensorboard",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn arguments_alone_are_given_to_the_program_of_the_image() {
        let step = |image: &str, arguments: &str| {
            let text = format!(
                "apiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: a\nspec:\n  steps:\n  - name: b\n    image: {image}@sha256:{}\n    args:\n{arguments}\n",
                "0f3c9b2d".repeat(8)
            );
            lines("task.yaml", &text)
        };
        let tls = [(11, "tls-disabled")];
        assert_eq!(
            step("gcr.io/kaniko-project/executor", "    - --dockerfile=Dockerfile\n    - --skip-tls-verify"),
            tls
        );
        assert_eq!(
            step("gcr.io/kaniko-project/executor", "    - --dockerfile=Dockerfile\n    - --insecure-pull"),
            tls
        );
        assert_eq!(step("quay.io/skopeo/stable", "    - copy\n    - --dest-tls-verify=false"), tls);
        assert_eq!(
            step(
                "nvcr.io/nvidia/tritonserver",
                "    - --model-repository=/m\n    - --model-control-mode=explicit"
            ),
            [(11, "exposed-service")]
        );
        assert_eq!(
            step("vllm/vllm-openai", "    - --port=80\n    - --host=0.0.0.0"),
            [(11, "exposed-service")]
        );
        assert_eq!(
            step("gcr.io/kaniko-project/executor", "    - --dockerfile=Dockerfile\n    - --cache=true"),
            []
        );
        assert_eq!(step("acme/tool", "    - --model-repository=/m\n    - --model-control-mode=explicit"), []);
    }
}
