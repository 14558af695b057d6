"""The encoded clips: what training reads instead of videos.

A cache is a folder::

    cache.json        what it was made with: fingerprints, clip settings, text length, versions
    clips.jsonl       one line a clip: id, shape, where its latents and its caption's embedding lie, split
    refused.jsonl     one line a clip that could not be used, with the reason
    shards.jsonl      one line a shard: sha256 and size
    latents-*.safetensors, texts-*.safetensors

Shards name their entries by content (video and clip settings; caption), are written under a temporary name and
renamed, and are the ledger of what is done: encoding resumes with what no shard holds, captions may change without
encoding a video again, and clips may come and go.
"""
