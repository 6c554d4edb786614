"""MLflow's registry, from outside: `registry.py add FOLDER` registers the folder as a version of `model` and prints its number,
`registry.py said` prints what each version is told to be."""

import json
import sys

import mlflow

client = mlflow.MlflowClient()


def add(folder):
    experiment = client.get_experiment_by_name("tests")
    number = experiment.experiment_id if experiment else client.create_experiment("tests")
    run = client.create_run(number)
    client.log_artifacts(run.info.run_id, folder, "model")
    if not client.search_registered_models():
        client.create_registered_model("model")
    made = client.create_model_version("model", f"{run.info.artifact_uri}/model", run.info.run_id)
    print(made.version)


def said():
    model = client.get_registered_model("model")
    versions = client.search_model_versions("name='model'")
    tags = {str(each.version): dict(each.tags) for each in versions}
    print(json.dumps({"aliases": {name: str(at) for name, at in model.aliases.items()}, "tags": tags}))


if __name__ == "__main__":
    {"add": add, "said": said}[sys.argv[1]](*sys.argv[2:])
