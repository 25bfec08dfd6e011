/** One way to try to get a request to a place that the grant does not give. */
export interface RequestForm {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Besides the good server's. */
  readonly allowedHosts: readonly string[];
  /** What names lead to: one list of addresses for each time they are looked up; the last stays. */
  readonly answers: readonly (readonly string[])[];
  /** Where the good server sends on to, and how. */
  readonly redirect?: { readonly status: number; readonly location: string };
}

/** Ways to write the sink's address, 127.0.0.2, or another address of this machine. */
const WRITTEN = [
  ...[
    '127.0.0.2',
    '2130706434',
    '0x7f000002',
    '0x7F.0.0.2',
    '0177.0.0.2',
    '017700000002',
    '127.2',
    '127.0.2',
    '0x7f.2',
  ],
  ...['127.0.0.2.', '127.0.0.002', '0x7f.0x0.0x0.0x2', '00000177.00.00.02', '%31%32%37.0.0.2', '127%2e0%2e0%2e2'],
  ...['１２７.０.０.２', '127。0。0。2', '①②⑦.0.0.2', '127.1.2.3', '0.0.0.0', '0', '0x0', '127.0.0.1.', 'localhost'],
  ...['localhost.', 'LOCALHOST', 'ⓛocalhost', 'localhost%00', '[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[0000::0001]'],
  ...['[::ffff:127.0.0.2]', '[::ffff:7f00:2]', '[::FFFF:7F00:0002]', '[0:0:0:0:0:ffff:127.0.0.2]', '[::127.0.0.2]'],
  ...['[64:ff9b::127.0.0.2]', '[64:ff9b:1::7f00:2]', '[2002:7f00:2::]', '[2001:0:7f00:2::]', '[fe80::1]', '[::1%25lo]'],
  ...['[fd00:ec2::254]', '169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '168.63.129.16'],
  ...['100.100.100.200', '192.0.0.192', 'metadata.google.internal', 'instance-data', 'api.example.127.0.0.2.nip.io'],
];

/** Ways to make a URL look like the declared host's. */
const DISGUISES = [
  (at: string) => `http://api.example@${at}/`,
  (at: string) => `http://api.example:443@${at}/`,
  (at: string) => `http://${at}/?api.example`,
  (at: string) => `http://${at}/#api.example`,
  (at: string) => `http://${at}\\@api.example/`,
  (at: string) => `http://${at}%23@api.example/`,
  (at: string) => `http:\\\\${at}/`,
  (at: string) => `http:${at}/`,
  (at: string) => `\thttp://${at}/`,
  (at: string) => `ht\ntp://${at}/`,
  (at: string) => `HTTP://${at}/`,
  (at: string) => `ws://${at}/`,
  (at: string) => `ftp://${at}/`,
  (at: string) => `gopher://${at}/_GET`,
  (at: string) => `unix://${at}/`,
  (at: string) => `http+unix://${at}/`,
  (at: string) => `blob:http://${at}/`,
  (at: string) => `view-source:http://${at}/`,
];

/** What a name may be made to lead to. */
const ANSWERS = [
  ...[
    '127.0.0.2',
    '127.1.2.3',
    '127.255.255.254',
    '0.0.0.0',
    '::1',
    '::',
    '::ffff:127.0.0.2',
    '::ffff:7f00:2',
    '::127.0.0.2',
  ],
  ...['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', '169.254.169.254', '169.254.0.1', '100.64.0.1'],
  ...[
    '100.100.100.200',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
  ],
  ...[
    '255.255.255.255',
    '168.63.129.16',
    'fe80::1',
    'fe80::1%lo',
    'fec0::1',
    'fc00::1',
    'fd00:ec2::254',
    'fd20:ce::254',
  ],
  ...['ff02::1', '100::1', '2001::7f00:2', '2001:db8::1', '2001:10::1', '2002:7f00:2::', '3fff::1', '5f00::1'],
  ...['64:ff9b::7f00:2', '64:ff9b:1::7f00:2', '::ffff:0:127.0.0.2', '2130706434', '0x7f.2', 'localhost', ''],
];

const STATUSES = [301, 302, 303, 307, 308];

/** All of them; `port` is the sinks', `good` the server that the deployment lists and the manifest declares. */
export function requestForms(port: number, good: string): RequestForm[] {
  return [
    ...WRITTEN.flatMap((written) => direct(written, port)),
    ...DISGUISES.map((disguise, index) => disguised(`disguise ${index}`, disguise(`127.0.0.2:${port}`))),
    ...ANSWERS.map((answer) => named(`a name that leads to ${answer || 'nothing'}`, port, [[answer]])),
    ...ANSWERS.slice(0, 9).map((answer) =>
      named(`a name that leads to ${answer} as well`, port, [['127.0.0.1', answer]]),
    ),
    ...ANSWERS.slice(0, 9).map((answer) => rebinding(answer, port, good)),
    ...WRITTEN.map((written, index) =>
      redirected(STATUSES[index % STATUSES.length] ?? 302, `http://${written}:${port}/`, good),
    ),
    ...STATUSES.flatMap((status) =>
      [`//127.0.0.2:${port}/`, `\\\\127.0.0.2:${port}`, `http:127.0.0.2:${port}/`].map((to) =>
        redirected(status, to, good),
      ),
    ),
    ...STATUSES.map((status) => ({
      ...redirected(status, `http://127.0.0.2:${port}/`, good),
      name: `a write sent on with ${status}`,
      method: 'POST',
    })),
    ...smuggled(port, good),
  ];
}

/** Not declared at all, and declared in just this spelling but not listed by the deployment. */
function direct(written: string, port: number): RequestForm[] {
  const form = { method: 'GET', url: `http://${written}:${port}/`, answers: [['127.0.0.2']] };
  return [
    { ...form, name: `${written}, not declared`, allowedHosts: ['api.example'] },
    { ...form, name: `${written}, declared`, allowedHosts: [`${written.toLowerCase()}:${port}`, hostOf(form.url)] },
  ];
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'api.example';
}

function disguised(name: string, url: string): RequestForm {
  return {
    name: `${name}: ${JSON.stringify(url)}`,
    method: 'GET',
    url,
    allowedHosts: ['api.example', 'api.example:80'],
    answers: [['127.0.0.2']],
  };
}

function named(name: string, port: number, answers: RequestForm['answers']): RequestForm {
  return { name, method: 'POST', url: `http://api.example:${port}/`, allowedHosts: [`api.example:${port}`], answers };
}

/** Right when it is checked, and wrong from then on. */
function rebinding(answer: string, port: number, good: string): RequestForm {
  const location = `http://api.example:${port}/`;
  const allowedHosts = [`api.example:${port}`];
  const form = { method: 'GET', url: `http://${good}/`, allowedHosts, redirect: { status: 302, location } };
  return { ...form, name: `a name that leads to ${answer} the second time`, answers: [['127.0.0.1'], [answer]] };
}

function redirected(status: number, location: string, good: string): RequestForm {
  const form = { method: 'GET', url: `http://${good}/`, allowedHosts: [], answers: [['127.0.0.2']] };
  return { ...form, name: `sent on with ${status} to ${location}`, redirect: { status, location } };
}

/** To the right place, with another one inside. */
function smuggled(port: number, good: string): RequestForm[] {
  const sink = `127.0.0.2:${port}`;
  const form = { method: 'GET', url: `http://${good}/`, allowedHosts: [], answers: [['127.0.0.2']] };
  return [
    { ...form, name: 'a proxy request in the method', method: `CONNECT ${sink} HTTP/1.1\r\n\r\nGET` },
    { ...form, name: 'the method CONNECT', method: 'CONNECT', url: `http://${sink}/` },
    { ...form, name: 'a second request in a header', headers: { 'x-a': `b\r\n\r\nGET http://${sink}/ HTTP/1.1` } },
    { ...form, name: 'a second request in the name of a header', headers: { [`x-a: b\r\nhost: ${sink}\r\nx`]: 'c' } },
    {
      ...form,
      name: 'an upgrade',
      headers: { upgrade: 'h2c', connection: 'upgrade', 'http2-settings': 'AAMAAABk' },
      url: `http://${sink}/`,
    },
    { ...form, name: 'a forwarding proxy header', url: `http://${sink}/`, headers: { host: good } },
  ];
}
