import functools
import os
import subprocess as s

import openai
import torch
from langchain.tools import tool
from transformers import AutoModel

REV = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012"
OPTIONS = dict(trust_remote_code=True, revision=None)


class Agent:
    TRUST = True

    def __init__(self):
        self.client = openai.OpenAI()

    def ask(self, question: str) -> str:
        reply = self.client.chat.completions.create(messages=[{"role": "system", "content": f"Answer {question}"}])
        return reply.choices[0].message.content.strip("`")


@tool
def shell(command: str):
    with open("log", "a") as log:
        log.write(command)
    return s.run("echo " + command, shell=True)


if __name__ == "__main__":
    load = functools.partial(torch.load, map_location="cpu")
    load("m.pt")
    for name in ["acme/net", "acme/other"]:
        AutoModel.from_pretrained(name, **OPTIONS)
    exec(Agent().ask(os.environ.get("Q", "2 + 2")))
