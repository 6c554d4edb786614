"""Which texts are nearly equal: by runs of words that they share."""

import hashlib
import re
import unicodedata

# Words of a run, and the share of a text's runs that make it a copy of another.
RUN, SHARE = 4, 0.5
# A word; where a script writes none, each of its characters.
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


def runs(text):
    """The runs of words of a text; a short text is one run."""
    words = WORD.findall(unicodedata.normalize("NFKC", text).lower())
    several = (" ".join(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1)))
    return {hashlib.blake2b(run.encode(), digest_size=8).digest() for run in several}


class Known:
    """Texts, to be asked whether another is nearly one of them."""

    def __init__(self, texts=()):
        self.places, self.sizes = {}, []
        for text in texts:
            self.add(text)

    def add(self, text):
        found = runs(text)
        for run in found:
            self.places.setdefault(run, []).append(len(self.sizes))
        self.sizes.append(len(found))

    def nearest(self, text, share=SHARE, short=0, skip=lambda at: False):
        """The first of the texts that shares enough of its runs with this one, or holds enough of this one's; else none. A text of at
        most `short` runs is no part of a longer one, and those that `skip` names are not asked."""
        found, counts = runs(text), {}
        for run in found:
            for place in self.places.get(run, ()):
                counts[place] = counts.get(place, 0) + 1
        for at, count in counts.items():
            less, more = sorted((len(found), self.sizes[at]))
            if count >= share * (less if less > short else more) and not skip(at):
                return at
        return None
