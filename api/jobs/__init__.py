"""Work that outlives a request: a durable queue, and a process per solve that can be killed."""
