"""The chat: a page on this machine where a pupil solves problems, gets a plan and brings mistakes.

`tutor` asks an open engine and streams; `scenes` makes of forms what the tasks ask, and of responses what is shown;
`voice` hears a recording, and `spoken` writes its numbers in digits; `labels` keeps clicks; `page` is the page itself,
and alone knows Gradio; `space` hands it on as a folder.
"""
