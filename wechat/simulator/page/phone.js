"use strict";

// The phone page. One Phone is one person's device; everything it knows comes
// from the control interface, see docs/simulator.md.

// ---- small tools ----

const node = (tag, props, ...children) => {
  const out = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) out.addEventListener(name.slice(2), value);
    else if (name === "class") out.className = value;
    else out.setAttribute(name, value === true ? "" : value);
  }
  out.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return out;
};

const icons = {
  back: "M15 4l-8 8 8 8",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M6 6l12 12M18 6L6 18",
  chats: "M4 5h16v11H9l-5 4z",
  accounts: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c0-4 3.5-7 8-7s8 3 8 7",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16",
  keyboard: "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8",
  menu: "M4 7h16M4 12h16M4 17h16",
  window: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  plus: "M12 5v14M5 12h14",
};

const icon = (name) => {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(ns, "path");
  path.setAttribute("d", icons[name]);
  svg.append(path);
  return svg;
};

const iconButton = (name, label, onclick, more) =>
  node("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...more }, icon(name));

async function api(path, body, signal) {
  const options = body === undefined ? { signal } : { method: "POST", body: JSON.stringify(body), signal };
  const response = await fetch("/_sim/" + path, options);
  const out = await response.json();
  if (!response.ok) throw new Error(out.error || "HTTP " + response.status);
  return out;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const segment = encodeURIComponent;
const hue = (text) => [...text].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 997, 7) % 8;

// ---- the town: accounts, clock, names ----

const town = {
  accounts: new Map(),
  offset: 0, // virtual minus real seconds
  still: 0, // virtual time of a clock that stands
  common: "", // what all account names begin with or hold

  async load() {
    const { accounts } = await api("accounts");
    this.accounts = new Map(accounts.map((a, i) => [a.key, { ...a, hue: (i + 1) % 8 }]));
    this.common = commonPart(accounts.map((a) => a.name));
  },
  async setClock() {
    const clock = await api("clock");
    this.offset = clock.unix - Date.now() / 1000;
    this.still = clock.running ? 0 : clock.unix;
  },
  now() {
    return this.still || Date.now() / 1000 + this.offset;
  },
  short(account) {
    const rest = account.name.replace(this.common, "");
    return [...(rest || account.name)].slice(0, 2).join("");
  },
};

// commonPart is a piece of two characters that most names share, such as the
// name of the town: useless on a small picture.
function commonPart(names) {
  for (const name of names) {
    const part = [...name].slice(0, 2).join("");
    if (names.length > 2 && names.filter((n) => n.includes(part)).length * 2 > names.length) return part;
  }
  return "";
}

const zone = "Asia/Shanghai";
const clockTime = new Intl.DateTimeFormat("zh-CN", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
const monthDay = new Intl.DateTimeFormat("zh-CN", { month: "long", day: "numeric", timeZone: zone });
const wholeDay = new Intl.DateTimeFormat("zh-CN", { year: "numeric", month: "long", day: "numeric", weekday: "short", timeZone: zone });
const dayNumber = (unix) => Math.floor((unix + 8 * 3600) / 86400);

function when(unix, withTime) {
  const date = new Date(unix * 1000);
  const days = dayNumber(town.now()) - dayNumber(unix);
  if (days === 0) return clockTime.format(date);
  const day = days === 1 ? "昨天" : monthDay.format(date);
  return withTime ? day + " " + clockTime.format(date) : day;
}

const kinds = { subscription: "订阅号", service: "服务号", miniprogram: "小程序" };
const fromAccount = new Set(["mass", "preview", "custom", "template", "reply", "notice"]);

// ---- texts and bubbles ----

// rich turns a message text into nodes: its links work, all else is text.
function rich(text, phone) {
  const out = [];
  const pattern = /<a\s[^>]*>[\s\S]*?<\/a>|https?:\/\/[^\s<>"'，。；、）】]+/gi;
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    out.push(text.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[0][0] !== "<") {
      out.push(link(match[0], match[0], phone));
      continue;
    }
    const a = new DOMParser().parseFromString(match[0], "text/html").querySelector("a");
    const page = a.getAttribute("data-miniprogram-path");
    out.push(page ? miniLink(a.textContent, page, phone) : link(a.textContent, a.getAttribute("href") || "", phone));
  }
  out.push(text.slice(last));
  return out.filter((part) => part !== "");
}

const plain = (text) => text.replace(/<a\s[^>]*>|<\/a>/gi, "");

function link(label, address, phone) {
  return node("a", { href: phone.address(address), target: "_blank", rel: "noopener", onclick: (event) => phone.follows(event, address) }, label);
}

function miniLink(label, page, phone) {
  return node("button", { type: "button", class: "as-link", onclick: () => phone.toast("小程序页面 " + page) }, label);
}

// picture shows an image of the platform from the address this page has.
function picture(address, alt, className) {
  if (!address) return null;
  let src = address;
  try {
    const url = new URL(address, location.href);
    if (url.pathname.startsWith("/mmbiz_")) src = url.pathname;
  } catch { return null; }
  const img = node("img", { src, alt: alt || "", class: className, loading: "lazy" });
  img.addEventListener("error", () => img.remove());
  return img;
}

const bubbles = {
  text: (c, phone) => node("div", { class: "bubble" }, rich(c.text || "", phone)),
  image: (c) => node("div", { class: "bubble bubble-picture" }, picture(c.image_url, "图片") || "［图片］"),
  menu: (c, phone, chat) => node("div", { class: "bubble" },
    c.text ? node("p", {}, rich(c.text, phone)) : null,
    node("ul", { class: "options" }, (c.options || []).map((o) => node("li", {},
      node("button", { type: "button", class: "as-link", onclick: () => phone.write(chat, o.text, o.id) }, o.text)))),
    c.tail ? node("p", {}, rich(c.tail, phone)) : null),
  template: (c, phone) => node("div", { class: "card template" },
    node("h3", {}, c.title || "服务通知"),
    node("dl", {}, (c.fields || []).map((f) => [node("dt", {}, f.label || f.key), node("dd", {}, f.value)])),
    c.url || c.pagepath ? node("p", { class: "card-more" }, c.pagepath ? miniLink("查看详情", c.pagepath, phone) : link("查看详情", c.url, phone)) : null),
  miniprogram: (c, phone) => node("div", { class: "card" },
    picture(c.image_url, "", "card-cover"),
    node("p", { class: "card-title" }, miniLink(c.title || "小程序", c.pagepath || "", phone)),
    node("p", { class: "card-more soft" }, "小程序")),
  transfer_customer_service: () => node("div", { class: "bubble soft" }, "已转接人工客服"),
};

// news is a card of one or several articles.
function news(content, phone) {
  const [first, ...rest] = content.articles || [];
  if (!first) return node("div", { class: "bubble soft" }, "［图文消息］");
  const cover = picture(first.picurl, "", "card-cover");
  const head = node("div", { class: "card-head" + (cover ? " has-cover" : "") }, cover,
    node("p", { class: "card-title" }, link(first.title, first.url || "", phone)),
    rest.length === 0 && first.description ? node("p", { class: "card-text" }, first.description) : null);
  return node("div", { class: "card news" }, head, rest.map((a) =>
    node("div", { class: "card-row" }, node("p", {}, link(a.title, a.url || "", phone)), picture(a.picurl, "", "card-thumb"))));
}

function bubble(entry, phone, chat) {
  const c = entry.content || { type: "text", text: "" };
  if (c.type === "news") return news(c, phone);
  const make = bubbles[c.type];
  return make ? make(c, phone, chat) : node("div", { class: "bubble soft" }, "［" + (c.title || c.type) + "］");
}

function summary(entry) {
  const c = entry.content || {};
  switch (entry.kind) {
    case "follow": return "已关注公众号";
    case "leave": return "已取消关注";
    case "tap": return "点了菜单「" + c.text + "」";
    case "scan": return "扫了二维码";
  }
  switch (c.type) {
    case "news": return (c.articles && c.articles[0] && c.articles[0].title) || "［图文］";
    case "image": return "［图片］";
    case "template": return "［服务通知］" + (c.title || "");
    case "miniprogram": return "［小程序］" + (c.title || "");
    case "menu": return plain(c.text || "［菜单］");
  }
  return plain(c.text || c.title || "");
}

// ---- one phone ----

class Phone {
  constructor(person, account) {
    this.person = person;
    this.chats = new Map();
    this.seq = 0;
    this.screen = "chats"; // chats accounts scan chat web
    this.open = account && town.accounts.has(account) ? account : "";
    this.typing = false; // keyboard instead of the menu bar
    this.life = new AbortController();
    this.body = node("div", { class: "screen" });
    this.status = node("div", { class: "status", "aria-hidden": "true" },
      node("span", { class: "status-time" }), node("span", { class: "status-right" }, node("i", { class: "signal" }), node("i", { class: "battery" })));
    this.element = node("section", { class: "device", "aria-label": person.name + "的手机" },
      node("header", { class: "device-name" }, node("b", {}, person.name),
        iconButton("close", "收起" + person.name + "的手机", () => desk.close(this))),
      node("div", { class: "phone" }, this.status, this.body));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.seen = JSON.parse(localStorage.getItem("sim-seen-" + person.key) || "{}");
  }

  async start() {
    await this.pull(0);
    if (this.open) this.enter(this.open);
    else this.show("chats");
    this.listen();
  }

  stop() {
    this.life.abort();
    this.element.remove();
  }

  // pull asks for what is new; the answer waits up to some seconds for it.
  async pull(wait) {
    const path = `people/${segment(this.person.key)}/chats?after=${this.seq}&wait=${wait}`;
    const { seq, chats } = await api(path, undefined, this.life.signal);
    if (seq < this.seq) { // another world under the same address
      this.seq = 0;
      this.chats.clear();
      return this.pull(0);
    }
    const fresh = [];
    for (const { entries, ...tie } of chats) {
      const chat = this.chats.get(tie.account) || { entries: [] };
      chat.tie = tie;
      const last = chat.entries.length ? chat.entries[chat.entries.length - 1].seq : 0;
      const more = entries.filter((e) => e.seq > last);
      chat.entries.push(...more);
      fresh.push(...more.map((e) => [tie.account, e]));
      this.chats.set(tie.account, chat);
      if ((this.seen[tie.account] || 0) > seq) this.seen[tie.account] = 0;
    }
    this.seq = seq;
    return fresh;
  }

  async listen() {
    while (!this.life.signal.aborted) {
      try {
        const fresh = await this.pull(25);
        if (fresh.length) this.arrived(fresh);
      } catch (failure) {
        if (this.life.signal.aborted) return;
        await pause(1500);
      }
    }
  }

  arrived(fresh) {
    this.tick();
    const here = fresh.filter(([key]) => key === this.open).map(([, e]) => e);
    if (this.screen === "chat" && here.length) {
      this.append(here);
      if (here.some((e) => ["follow", "leave"].includes(e.kind))) this.drawFoot();
    }
    if (this.screen === "chats") this.drawChats();
    if (this.screen === "accounts") this.drawAccounts();
    const [key, entry] = fresh.filter(([k, e]) => fromAccount.has(e.kind) && !(this.screen === "chat" && k === this.open)).pop() || [];
    if (key && this.screen !== "chats") this.banner(key, entry);
  }

  unread(key) {
    const chat = this.chats.get(key);
    return chat ? chat.entries.filter((e) => fromAccount.has(e.kind) && e.seq > (this.seen[key] || 0)).length : 0;
  }

  allUnread() {
    return [...this.chats.keys()].reduce((sum, key) => sum + this.unread(key), 0);
  }

  read(key) {
    this.seen[key] = this.seq;
    localStorage.setItem("sim-seen-" + this.person.key, JSON.stringify(this.seen));
  }

  tick() {
    this.status.firstChild.textContent = clockTime.format(new Date(town.now() * 1000));
  }

  // ---- screens ----

  show(screen) {
    this.screen = screen;
    if (screen !== "chat" && screen !== "web") this.open = "";
    ({ chats: () => this.drawChats(), accounts: () => this.drawAccounts(), scan: () => this.drawScan() })[screen]();
    this.tick();
    desk.remember();
  }

  bar(title, left, right) {
    return node("header", { class: "bar" }, node("div", { class: "bar-side" }, left), node("h2", {}, title), node("div", { class: "bar-side bar-right" }, right));
  }

  tabs() {
    const unread = this.allUnread();
    const tab = (screen, name, label, badge) => node("button", {
      type: "button", class: "tab", "aria-current": this.screen === screen ? "page" : undefined, onclick: () => this.show(screen),
    }, node("span", { class: "tab-icon" }, icon(name), badge ? node("em", { class: "badge" }, badge > 99 ? "99+" : String(badge)) : null), label);
    return node("nav", { class: "tabs", "aria-label": "手机" },
      tab("chats", "chats", "微信", unread), tab("accounts", "accounts", "公众号"), tab("scan", "scan", "扫一扫"));
  }

  avatar(account, badge) {
    return node("span", { class: "avatar hue" + account.hue, "aria-hidden": "true" }, town.short(account),
      badge ? node("em", { class: "badge" }, badge > 99 ? "99+" : String(badge)) : null);
  }

  who() {
    return node("button", { type: "button", class: "who", onclick: () => desk.choose(), "aria-label": "换一位居民，现在是" + this.person.name },
      node("span", { class: "face hue" + hue(this.person.key), "aria-hidden": "true" }, [...this.person.name].pop()));
  }

  drawChats() {
    const rows = [...this.chats].filter(([, chat]) => chat.entries.length || chat.tie.following)
      .map(([key, chat]) => ({ key, chat, last: chat.entries[chat.entries.length - 1] }))
      .sort((a, b) => (b.last ? b.last.seq : 0) - (a.last ? a.last.seq : 0));
    const list = node("ul", { class: "rows" }, rows.map(({ key, chat, last }) => {
      const account = town.accounts.get(key), unread = this.unread(key);
      return node("li", {}, node("button", { type: "button", class: "row", onclick: () => this.enter(key) },
        this.avatar(account, unread),
        node("span", { class: "row-main" },
          node("span", { class: "row-top" }, node("b", {}, account.name), last ? node("time", {}, when(last.time)) : null),
          node("span", { class: "row-text" }, chat.tie.following ? (last ? summary(last) : "已关注，还没有消息") : "已取消关注")),
        unread ? node("span", { class: "hidden" }, `，${unread} 条未读`) : null));
    }));
    const total = this.allUnread();
    this.paint(this.bar(total ? `微信（${total}）` : "微信", this.who()),
      rows.length ? list : node("p", { class: "empty" }, this.person.name + "还没有关注公众号。"), this.tabs());
  }

  drawAccounts() {
    const rows = [...town.accounts.values()].filter((a) => a.kind !== "miniprogram").map((account) => {
      const chat = this.chats.get(account.key), follows = chat && chat.tie.following;
      return node("li", { class: "row row-flat" }, this.avatar(account),
        node("span", { class: "row-main" },
          node("span", { class: "row-top" }, node("b", {}, account.name)),
          node("span", { class: "row-text" }, `${kinds[account.kind]}${account.verified ? "" : "（未认证）"} · ${account.followers.following.toLocaleString("zh-CN")} 人关注`)),
        follows
          ? node("button", { type: "button", class: "small", onclick: () => this.enter(account.key) }, "进入")
          : node("button", { type: "button", class: "small primary", onclick: () => this.doFollow(account.key) }, "关注"));
    });
    this.paint(this.bar("公众号", this.who()), node("ul", { class: "rows" }, rows), this.tabs());
  }

  async drawScan() {
    const groups = [];
    for (const account of town.accounts.values()) {
      if (account.kind === "miniprogram") continue;
      const { codes } = await api(`accounts/${segment(account.key)}/codes`);
      if (codes.length) groups.push([account, codes]);
    }
    if (this.screen !== "scan") return;
    const content = groups.length ? groups.map(([account, codes]) => node("section", { class: "codes" }, node("h3", {}, account.name),
      codes.map((code) => node("button", { type: "button", class: "code", onclick: () => this.doScan(account.key, code.ticket) },
        node("img", { src: code.picture, alt: "", loading: "lazy" }), node("span", {}, code.scene)))))
      : node("p", { class: "empty" }, "还没有公众号做过带参数的二维码。在“公众号”里可以直接关注。");
    this.paint(this.bar("扫一扫", this.who()), node("div", { class: "scan" }, content), this.tabs());
  }

  paint(...parts) {
    const focused = this.body.contains(document.activeElement);
    this.body.replaceChildren(...parts);
    if (focused) (this.body.querySelector("h2") || this.body).focus?.();
  }

  // ---- a chat ----

  async enter(key) {
    this.screen = "chat";
    this.open = key;
    this.typing = false;
    this.menu = null;
    const account = town.accounts.get(key);
    const unread = this.allUnread() - this.unread(key);
    const back = node("button", { type: "button", class: "icon-button back", "aria-label": "返回聊天列表", onclick: () => this.show("chats") }, icon("back"), unread ? node("em", { class: "count" }, String(unread)) : null);
    this.log = node("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "与" + account.name + "的聊天", tabindex: "0" });
    this.foot = node("footer", { class: "foot" });
    this.paint(this.bar(account.name, back, iconButton("more", "公众号资料", () => this.profile())), this.log, this.foot);
    this.lastTime = 0;
    const chat = this.chats.get(key);
    this.append(chat ? chat.entries : []);
    this.tick();
    desk.remember();
    await this.drawFoot();
    this.log.scrollTop = this.log.scrollHeight;
  }

  append(entries) {
    const account = town.accounts.get(this.open);
    for (const entry of entries) {
      if (entry.time - this.lastTime > 300) this.log.append(node("p", { class: "time" }, node("time", {}, when(entry.time, true))));
      this.lastTime = entry.time;
      this.log.append(this.line(entry, account));
    }
    this.log.scrollTop = this.log.scrollHeight;
    this.read(this.open);
  }

  line(entry, account) {
    if (["follow", "leave", "tap", "scan"].includes(entry.kind)) return node("p", { class: "aside" }, summary(entry));
    if (entry.kind === "notice") return node("p", { class: "aside" }, summary(entry));
    if (entry.from_person) {
      return node("div", { class: "line mine" }, bubble(entry, this, this.open),
        node("span", { class: "face hue" + hue(this.person.key), "aria-hidden": "true" }, [...this.person.name].pop()));
    }
    const wide = entry.content && ["news", "template"].includes(entry.content.type);
    return node("div", { class: "line" + (wide ? " wide" : "") },
      wide ? null : this.avatar(account),
      node("div", { class: "line-main" }, entry.kind === "preview" ? node("p", { class: "tag" }, "预览") : null, bubble(entry, this, this.open)));
  }

  // drawFoot is the menu bar, the keyboard, or the offer to follow.
  async drawFoot() {
    const key = this.open, chat = this.chats.get(key);
    if (!chat || !chat.tie.following) {
      this.foot.replaceChildren(node("button", { type: "button", class: "wide-button", onclick: () => this.doFollow(key) }, "关注公众号"));
      return;
    }
    if (!this.menu) {
      const menu = await api(`people/${segment(this.person.key)}/menu/${segment(key)}`).catch(() => ({}));
      if (this.open !== key || this.screen !== "chat") return;
      this.menu = menu.button || [];
    }
    const hasMenu = this.menu.length > 0;
    if (hasMenu && !this.typing) {
      this.foot.replaceChildren(
        iconButton("keyboard", "切换到键盘", () => { this.typing = true; this.drawFoot().then(() => this.foot.querySelector("input").focus()); }, { class: "icon-button switch" }),
        node("div", { class: "menu", role: "menubar", "aria-label": "公众号菜单" }, this.menu.map((b, i) => this.menuButton(b, i))));
      return;
    }
    const input = node("input", { type: "text", name: "text", "aria-label": "输入消息", placeholder: "发消息", autocomplete: "off", maxlength: "600", enterkeyhint: "send" });
    this.foot.replaceChildren(
      hasMenu ? iconButton("menu", "切换到菜单", () => { this.typing = false; this.drawFoot(); }, { class: "icon-button switch" }) : "",
      node("form", { class: "compose", onsubmit: (event) => {
        event.preventDefault();
        const text = input.value.trim();
        input.value = "";
        if (text) this.write(key, text);
      } }, input, node("button", { class: "send" }, "发送")));
  }

  menuButton(button, index) {
    const below = button.sub_button || [];
    if (!below.length) {
      return node("div", { class: "menu-cell" }, node("button", { type: "button", role: "menuitem", onclick: () => this.tap(button, String(index)) }, button.name));
    }
    const list = node("div", { class: "popup", role: "menu", "aria-label": button.name, hidden: true }, below.map((b, i) =>
      node("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => { this.closeMenus(); this.tap(b, `${index}.${i}`); } }, b.name)));
    const top = node("button", { type: "button", role: "menuitem", class: "has-more", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => {
      const shut = list.hidden;
      this.closeMenus();
      if (!shut) return;
      list.hidden = false;
      top.setAttribute("aria-expanded", "true");
      this.fit(list);
    } }, button.name);
    return node("div", { class: "menu-cell" }, list, top);
  }

  // fit keeps a popup inside the phone.
  fit(list) {
    list.style.translate = "";
    const frame = this.body.getBoundingClientRect(), box = list.getBoundingClientRect();
    const shift = Math.max(frame.left + 6 - box.left, 0) || Math.min(frame.right - 6 - box.right, 0);
    if (shift) list.style.translate = shift + "px";
  }

  closeMenus() {
    for (const list of this.foot ? this.foot.querySelectorAll(".popup") : []) {
      list.hidden = true;
      list.nextSibling.setAttribute("aria-expanded", "false");
    }
  }

  key(event) {
    const menu = event.target.closest?.(".menu");
    if (event.key === "Escape") {
      const shown = this.foot && this.foot.querySelector(".popup:not([hidden])");
      if (shown) {
        this.closeMenus();
        shown.nextSibling.focus();
      } else if (this.sheet) this.closeSheet();
      else if (this.screen === "web") this.enter(this.open);
      return;
    }
    if (!menu || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    const cells = [...menu.children], cell = event.target.closest(".menu-cell"), at = cells.indexOf(cell);
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const next = cells[(at + (event.key === "ArrowRight" ? 1 : cells.length - 1)) % cells.length];
      this.closeMenus();
      next.lastChild.focus();
      return;
    }
    const list = cell.querySelector(".popup");
    if (!list) return;
    const entries = [...list.children], now = entries.indexOf(document.activeElement);
    if (list.hidden) cell.lastChild.click();
    if (event.key === "ArrowUp") entries[now <= 0 ? entries.length - 1 : now - 1].focus();
    else if (now === entries.length - 1) cell.lastChild.focus();
    else entries[now + 1].focus();
  }

  // ---- what the person does ----

  async act(what, body) {
    try {
      return await api(`people/${segment(this.person.key)}/${what}`, body);
    } catch (failure) {
      this.toast(words(failure.message));
      return null;
    }
  }

  async refresh() {
    const fresh = await this.pull(0);
    if (fresh.length) this.arrived(fresh);
  }

  async tap(button, place) {
    if (button.type === "view") this.openPage(button.url);
    if (button.type === "miniprogram") this.toast("打开小程序 " + (button.pagepath || ""));
    await this.act("tap", { account: this.open, button: place, scanned: button.type.startsWith("scancode") ? "模拟扫码结果" : undefined });
  }

  async write(key, text, option) {
    await this.act("write", { account: key, text, option });
  }

  async doFollow(key) {
    if (await this.act("follow", { account: key })) await this.visit(key);
  }

  async doScan(key, ticket) {
    if (await this.act("scan", { ticket })) await this.visit(key);
  }

  async visit(key) {
    await this.pull(0);
    await town.load();
    await this.enter(key);
  }

  // ---- pages ----

  // address signs the browser in as this person and goes on to the page.
  address(target) {
    return `/_sim/open?person=${segment(this.person.key)}&url=${segment(target)}`;
  }

  follows(event, target) {
    event.preventDefault();
    const quick = /^weixin:\/\/bizmsgmenu\?(.*)$/.exec(target);
    if (quick) {
      const query = new URLSearchParams(quick[1]);
      this.write(this.open, query.get("msgmenucontent") || event.target.textContent, query.get("msgmenuid") || "0");
      return;
    }
    this.openPage(target);
  }

  openPage(target) {
    let url;
    try { url = new URL(target, location.href); } catch { return this.toast("这个地址打不开：" + target); }
    if (!/^https?:$/.test(url.protocol)) return this.toast("这个地址打不开：" + target);
    if (/^\/s\/[\w-]{22}$/.test(url.pathname)) return this.web(this.address(url.pathname), "");
    if (/\.(example|invalid|test)$/.test(url.hostname)) return this.web("", url.href);
    if (desk.frames || url.origin === location.origin) return this.web(this.address(url.href), url.href);
    window.open(this.address(url.href), "_blank", "noopener");
    this.toast("已在新标签页打开，身份：" + this.person.name);
  }

  // web is the browser inside the phone.
  web(address, shown) {
    this.screen = "web";
    this.read(this.open);
    const close = iconButton("close", "关闭网页", () => this.enter(this.open));
    const out = address ? node("a", { class: "icon-button", href: address, target: "_blank", rel: "noopener", "aria-label": "在新标签页打开", title: "在新标签页打开" }, icon("window")) : "";
    const frame = address
      ? node("iframe", { class: "web", src: address, title: "网页" })
      : node("div", { class: "empty" }, node("p", {}, "这是旧账号里的外部网页，演示环境里没有它："), node("p", { class: "soft" }, shown));
    const back = iconButton("back", "上一页", () => { loads -= 2; history.back(); }, { hidden: true });
    let loads = 0; // pages the frame has gone through: going back before the first would leave this page
    frame.addEventListener("load", () => { loads = Math.max(loads, 0) + 1; back.hidden = loads < 2; });
    this.paint(this.bar(town.accounts.get(this.open).name, [close, back], out), frame);
    close.focus?.();
  }

  // ---- over everything ----

  toast(text) {
    this.over("toast", node("p", {}, text), 2600);
  }

  banner(key, entry) {
    const account = town.accounts.get(key);
    this.over("banner", node("button", { type: "button", onclick: () => this.enter(key) }, this.avatar(account),
      node("span", { class: "row-main" }, node("b", {}, account.name), node("span", { class: "row-text" }, summary(entry)))), 4200);
  }

  over(className, content, ms) {
    for (const old of this.body.querySelectorAll("." + className)) old.remove();
    const box = node("div", { class: className, role: "status" }, content);
    this.body.append(box);
    setTimeout(() => box.remove(), ms);
  }

  profile() {
    const account = town.accounts.get(this.open), chat = this.chats.get(this.open), tie = chat ? chat.tie : {};
    const line = (label, value) => [node("dt", {}, label), node("dd", {}, value)];
    const act = (label, onclick, className) => node("button", { type: "button", class: "sheet-action " + (className || ""), onclick: async () => { this.closeSheet(); await onclick(); } }, label);
    const before = document.activeElement;
    const panel = node("div", { class: "sheet-panel", role: "dialog", "aria-modal": "true", "aria-label": account.name + "的资料" },
      node("div", { class: "sheet-head" }, this.avatar(account), node("div", {}, node("b", {}, account.name), node("p", { class: "soft" }, `${kinds[account.kind]} · ${account.verified ? "已认证" : "未认证"}`))),
      node("dl", { class: "facts" }, line("账号", account.wechat_id || account.original), line("此人的 openid", tie.openid || "—")),
      tie.following ? act(tie.refuses ? "恢复接收消息" : "不再接收消息", async () => { await this.act("refuse", { account: account.key, on: !tie.refuses }); await this.pull(0); }) : null,
      tie.following ? act("刷新菜单（真机约 5 分钟一次）", async () => {
        const menu = await api(`people/${segment(this.person.key)}/menu/${segment(account.key)}?fresh=1`).catch(() => ({}));
        this.menu = menu.button || [];
        await this.drawFoot();
      }) : null,
      tie.following
        ? act("取消关注", async () => { await this.act("unfollow", { account: account.key }); await this.pull(0); this.show("chats"); }, "danger")
        : act("关注公众号", () => this.doFollow(account.key), "good"),
      act("取消", async () => {}));
    this.sheet = node("div", { class: "sheet", onclick: (event) => { if (event.target === this.sheet) this.closeSheet(); } }, panel);
    this.sheet.before = before;
    this.body.append(this.sheet);
    panel.querySelector("button").focus();
  }

  closeSheet() {
    const sheet = this.sheet;
    this.sheet = null;
    sheet.remove();
    sheet.before?.focus?.();
  }
}

// words gives the refusals people meet in Chinese.
function words(text) {
  if (/does not follow/.test(text)) return "还没有关注这个公众号";
  if (/follows the account already/.test(text)) return "已经关注了";
  return text;
}

// ---- the desk: whose phones lie on it ----

const desk = {
  phones: [],
  frames: false,
  stage: document.getElementById("stage"),
  list: document.getElementById("people"),

  async start() {
    await Promise.all([town.load(), town.setClock()]);
    this.frames = (await api("settings")).FrameLinks === true;
    document.getElementById("search").addEventListener("input", (event) => this.people(event.target.value.trim()));
    const wanted = new URLSearchParams(location.search).getAll("p");
    for (const text of wanted.slice(0, 3)) {
      const [key, account] = text.split("/");
      const person = await api("people/" + segment(key)).catch(() => null);
      if (person) await this.add(person, account);
    }
    await this.people("");
    if (!this.phones.length) {
      const first = this.shown && this.shown[0];
      if (first && matchMedia("(min-width: 721px)").matches) await this.add(first);
    }
    this.mark();
    this.tick();
    setInterval(() => this.tick(), 5000);
    setInterval(() => town.setClock().catch(() => {}), 30000);
  },

  tick() {
    const now = new Date(town.now() * 1000);
    document.getElementById("clock").textContent = "平台时间 " + wholeDay.format(now) + " " + clockTime.format(now);
    for (const phone of this.phones) phone.tick();
  },

  async people(search) {
    this.asked = search;
    const { people, total } = await api("people?limit=30&q=" + segment(search));
    if (this.asked !== search) return;
    this.shown = people;
    const crowd = people.findIndex((person) => !person.named);
    const heading = node("li", { class: "crowd" }, search ? "镇上的人" : `全镇 ${total.toLocaleString("zh-CN")} 人，可按姓名查找`);
    this.list.replaceChildren(...people.flatMap((person, i) => [i === crowd ? heading : [], node("li", { class: "person", "data-key": person.key },
      node("button", { type: "button", class: "person-main", onclick: () => this.only(person) },
        node("span", { class: "face hue" + hue(person.key), "aria-hidden": "true" }, [...person.name].pop()), node("span", {}, person.name)),
      iconButton("plus", "并排放上" + person.name + "的手机", () => this.add(person), { class: "icon-button beside" }))]).flat());
    if (!people.length) this.list.replaceChildren(node("li", { class: "empty" }, "没有叫这个名字的居民"));
    this.mark();
  },

  async only(person) {
    const phone = this.phones.find((p) => p.person.key === person.key);
    for (const other of [...this.phones]) if (other !== phone) this.drop(other);
    if (!phone) await this.add(person);
    document.body.classList.remove("choosing");
    this.mark();
  },

  async add(person, account) {
    if (this.phones.some((p) => p.person.key === person.key)) return;
    if (this.phones.length === 3) this.drop(this.phones[0]);
    const phone = new Phone(person, account);
    this.phones.push(phone);
    this.stage.append(phone.element);
    this.mark();
    await phone.start();
  },

  drop(phone) {
    phone.stop();
    this.phones = this.phones.filter((p) => p !== phone);
  },

  close(phone) {
    this.drop(phone);
    this.mark();
    this.remember();
  },

  choose() {
    document.body.classList.add("choosing");
    document.getElementById("search").focus();
  },

  mark() {
    document.body.classList.toggle("choosing", this.phones.length === 0 || document.body.classList.contains("choosing"));
    document.body.classList.toggle("several", this.phones.length > 1);
    for (const row of this.list.querySelectorAll(".person")) {
      const here = this.phones.some((p) => p.person.key === row.dataset.key);
      row.classList.toggle("here", here);
      row.firstChild.setAttribute("aria-pressed", String(here));
    }
  },

  remember() {
    const query = this.phones.map((p) => "p=" + segment(p.person.key) + (p.open ? "/" + segment(p.open) : "")).join("&");
    history.replaceState(null, "", query ? "?" + query : location.pathname);
  },
};

document.addEventListener("click", (event) => {
  for (const phone of desk.phones) if (!event.target.closest(".menu-cell")) phone.closeMenus();
});

desk.start().catch((failure) => {
  desk.stage.replaceChildren(node("p", { class: "empty", role: "alert" }, "模拟器没有回答：" + failure.message));
});
