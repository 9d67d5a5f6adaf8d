"""What each verb of `tideline` takes: options, help and examples, without what the verbs need to do their work.

Help and completion read all of it, so nothing here may import a client, numpy or Flink; a test measures.
"""
