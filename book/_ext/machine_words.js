// What the page "Your machine" says, in the language of the page that it stands on; {0}, {1}, ... are put in.
const CHINESE = {
  "Take it as the workload": "以它為工作負載",
  "config.json: {0}. Nothing was changed: correct that, or choose a workload of the list.": "config.json：{0}。沒有任何改動：請更正那一處，或從清單選一個工作負載。",
  "config.json is read and set as the workload: layers {0}, hidden {1}, experts {2}, of which a token visits {3}, parameters {4}.": "已讀入 config.json 並設為工作負載：{0} 層、隱藏寬度 {1}、{2} 個專家、一個 token 用到其中 {3} 個、參數 {4}。",
  "config.json, your own": "config.json（您自己的）",
  "A model of your own: its config.json": "您自己的模型：它的 config.json",
  "Paste the text of the file": "貼上檔案的文字",
  "or open the file": "或開啟檔案",
  "to": "到",
  "Not in this page: {0}": "不在這一頁裡：{0}",
  "no end": "沒有端點",
  " or more": " 以上",
  " or less": " 以下",
  " (5 to 95 %: {0} to {1})": "（5 到 95 %：{0} 到 {1}）",
  ", with {0} there": "，那裡是 {0}",
  "Not unique": "不是唯一的",
  "Out of reach": "達不到",
  "{0} of {1}": "{0} 為 {1}",
  "{0}: {1}; it is {2} whatever {3} is.": "{0}：{1}；不論 {3} 是多少，它都是 {2}。",
  "Out of reach: {0}; it is {1} for all of {2} from {3} to {4}{5}; the nearest is {6}, at {7}.": "達不到：{0}；{2} 從 {3} 到 {4}，它都{1}{5}；最接近的是 {6}，在 {7} 處。",
  "more": "大於它",
  "less": "小於它",
  ", and every value will do": "，所以每個值都可以",
  "Not unique: {0} lies at {1}.": "不是唯一的：{0} 出現在 {1}。",
  "{0} needs {1}.": "要 {0}，需要 {1}。",
  " For some values this page has no program; the command has: {0}": "有些值這一頁沒有程式可答；命令有：{0}",
  "choose a machine": "請選一台機器",
  "What limits it, and what would help most": "什麼限制它、什麼最有幫助",
  "Which value of a number gives a target": "哪一個數字的值達到目標",
  "Beside another machine, with the same job": "與另一台機器並列，作業相同",
  "Each number of the machine made a tenth better, alone: a time, a power or a price less, all else larger, a share at most one, a count whole.": "機器的每個數字各自改善一成：時間、功率與價格變小，其餘變大，比例至多為一，個數取整數。",
  "As a curve: the frontier, or along any number": "畫成曲線：前緣，或沿任何一個數字",
  "along this number, from a sixteenth of what is set to sixteen times it": "沿這個數字，從設定值的十六分之一到十六倍",
  "{0} along {1}: {2}. The table has its numbers.": "{0} 沿 {1}：{2}。數字在表中。",
  "{0} (full line)": "{0}（實線）",
  "{0} (broken line)": "{0}（虛線）",
  "A second machine that is chosen above is drawn, too.": "上面所選的第二台機器也會畫出來。",
  "no answer": "沒有答案",
  "number": "數字",
  "in place of": "取代",
  "the answer": "答案",
  "change": "變化",
  "number that is sought": "所求的數字",
  "of the job": "作業的",
  "of the machine": "機器的",
  "target, in base units": "目標，用基本單位",
  "second machine, at its recorded numbers": "第二台機器，用記錄的數字",
  "quantity": "物理量",
  "first": "第一台",
  "second": "第二台",
  "first over second, 5 to 95 % of paired draws": "第一台除以第二台，成對抽樣的 5 到 95 %",
  "{0} in place of {1}{2}": "以 {0} 取代 {1}{2}",
  "not in this page": "不在這一頁裡",
  "It does not move with {0}.": "它不隨這些數字變動：{0}。",
  "The target is no number.": "目標不是數字。",
  "Ask more of": "再問這個量",
  "Too long for a link: save it as a file.": "太長，放不進連結：請存成檔案。",
  "With this config.json the link would be too long: save it as a file.": "帶著這個 config.json，連結會太長：請存成檔案。",
  "This config.json is too long to be kept in a file: choose the workload again from it.": "這個 config.json 太長，檔案存不下：請再從它讀入工作負載。",
  " It carries what was read of your config.json.": "它帶著從您的 config.json 讀到的內容。",
  " It carries what was read of your config.json, for this page; the notebook takes workloads of the study alone.": "它帶著從您的 config.json 讀到的內容，供這一頁用；筆記本只接受本研究的工作負載。",
  " The workload is the config.json that it carries.": "工作負載是它所帶的 config.json。",
  "The link is copied.": "連結已複製。",
  "The link is marked: copy it.": "連結已選取：請複製。",
  "The file is saved.": "檔案已儲存。",
  "The file is opened.": "檔案已開啟。",
  "The file is opened; without a place here: {0}.": "檔案已開啟；這裡沒有位置給：{0}。",
  ", ": "、",
  "days": "天",
  "min": "分鐘",
  "h": "小時",
  "{0} is '{1}': it is no number, and the last one stands.": "{0} 是「{1}」：它不是數字，仍用上一個。",
};
const chinese = Boolean(globalThis.document?.documentElement.lang.startsWith("zh"));

function say(words, ...values) {
  const said = chinese ? (own(CHINESE, words) ?? words) : words;
  return said.replace(/\{(\d)\}/g, (_, place) => values[place]);
}

// What the study says, as refusals and names of inputs, in Chinese: globalThis.machineWords, rows of book/zh/words.csv and
// letters.csv that book/_ext/interactive.py chose. In a row {1} stands for a number, {a} for words that are said in
// Chinese in their turn, {A} for words that stay, as in book/_ext/chinese.py, {X} for what somebody
// typed.
const dictionary = chinese ? (globalThis.machineWords ?? {}) : {};
const HOLE = /\{(\w)\}/, HOLES = { number: "(-?\\d(?:[\\d,.]*\\d)?(?:e[+-]?\\d+)?|inf)", said: "(.+?)", typed: "(.*?)", kept: "((?:(?!: |, and )[^;])+?)" };
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const phrases = Object.keys(dictionary).filter((each) => HOLE.test(each)).map((english) => {
  const pieces = english.split(HOLE), kind = (hole) => (/\d/.test(hole) ? "number" : "XYZ".includes(hole) ? "typed" : hole === hole.toUpperCase() ? "kept" : "said");
  const pattern = pieces.map((piece, i) => (i % 2 ? HOLES[kind(piece)] : escaped(piece))).join("");
  const holes = pieces.filter((_, i) => i % 2);
  return { pattern: new RegExp(`^${pattern}$`, "s"), holes, kinds: holes.map(kind), said: dictionary[english], length: pieces.filter((_, i) => !(i % 2)).join("").length };
}).sort((one, other) => other.length - one.length);
const JOINTS = [["; ", "；"], [": ", "："], [", ", "、"]];

// Words in Chinese, or undefined where the dictionary lacks some of them.
function translated(words) {
  const whole = own(dictionary, words);
  if (whole !== undefined) return whole;
  if (!/[A-Za-z]{2}/.test(words)) return words;
  for (const { pattern, holes, kinds, said } of phrases) {
    const found = pattern.exec(words)?.slice(1).map((part, i) => (kinds[i] === "said" ? translated(part) : part));
    if (found && found.every((part) => part !== undefined)) return said.replace(new RegExp(HOLE, "g"), (_, hole) => found[holes.indexOf(hole)]);
  }
  for (const [mark, joint] of JOINTS) {
    const parts = words.includes(mark) ? words.split(mark).map(translated) : [undefined];
    if (parts.every((part) => part !== undefined)) return parts.join(joint);
  }
  return undefined;
}
const inChinese = (words) => (chinese ? (translated(words) ?? words) : words);

// How an input or a number of the machine is called beside its field; on a Chinese page with the name of the command line.
function named(name) {
  const said = own(dictionary, `${name}=`);
  return said === undefined ? name.replaceAll("_", " ") : `${said}（${name}）`;
}
