import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { monitorFromIni } from '../../src/monitors/config-ini.ts'
import { environmentLines } from '../../src/monitors/ini-settings.ts'

const filledIn = readFileSync(new URL('./fixtures/filled-in.ini', import.meta.url), 'utf8')

const MINIMAL = {
  labelstudio: 'LabelStudioProjectID = 7',
  data: '',
  logs: 'bucket = qa-logs',
  notifications: '',
}

/** A file with the given lines in some of its sections, and the least that is needed in the others. */
function ini(sections: Partial<typeof MINIMAL> & Record<string, string> = {}): string {
  return Object.entries({ ...MINIMAL, ...sections })
    .map(([name, lines]) => `[${name}]\n${lines}`)
    .join('\n')
}

const errorsOf = (text: string) =>
  monitorFromIni(text).problems.flatMap(({ path, severity }) => (severity === 'error' ? [path] : []))

describe('the monitor', () => {
  test('a whole file, filled in', () => {
    const { monitor, problems } = monitorFromIni(filledIn, { name: 'qa' })
    expect(problems).toEqual([])
    expect(monitor).toEqual({
      name: 'qa',
      source: {
        type: 's3',
        bucket: 'qa-logs',
        key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt',
        credentials: { access_key_id: 'AKIDEXAMPLE', secret_access_key: 's3/secret+key' },
      },
      format: { type: 'template' },
      sample: { total: 40, by: 'none' },
      labeling: {
        copy_from_project: null,
        config:
          '<View>\n<Header value="Question:"/>\n<Text name="question" value="$question"/>\n\n' +
          '<TextArea name="answer" toName="question" editable="true" smart="false" maxSubmissions="1" style="width: 50%"/>\n</View>',
      },
      mapping: {
        data: { question: 'question' },
        prediction: { answer: 'answer' },
        model_version: 'model_version',
      },
      notify: { emails: ['ml@example.org', 'ops@example.org'] },
    })
  })

  test('the least that a file must say', () => {
    expect(monitorFromIni(ini())).toMatchObject({
      problems: [],
      monitor: {
        name: 'model',
        source: { type: 's3', bucket: 'qa-logs', key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt' },
        format: { type: 'template' },
        sample: { by: 'date' },
        labeling: { config: null, copy_from_project: 7 },
      },
    })
  })

  test('what a file leaves empty is left to the defaults', () => {
    const { monitor } = monitorFromIni(
      ini({ data: 'total_to_extract =\nsample_by_date =', notifications: 'email_recipient =' }),
    )
    expect(monitor).toEqual({
      name: 'model',
      source: { type: 's3', bucket: 'qa-logs', key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt' },
      format: { type: 'template' },
      sample: { by: 'date' },
      labeling: { config: null, copy_from_project: 7 },
    })
  })

  test.each([
    ['True', 'date'],
    ['yes', 'date'],
    ['ON', 'date'],
    ['1', 'date'],
    ['False', 'none'],
    ['No', 'none'],
    ['off', 'none'],
    ['0', 'none'],
  ])('sample_by_date = %s samples by %s', (value, by) => {
    expect(monitorFromIni(ini({ data: `sample_by_date = ${value}` })).monitor?.sample?.by).toBe(by)
  })

  test('LabelingConfig wins over LabelStudioProjectID, even over a wrong one', () => {
    const config = '<View><Text name="t" value="$t"/></View>'
    const text = ini({ labelstudio: `LabelStudioProjectID = none\nLabelingConfig = ${config}` })
    expect(monitorFromIni(text)).toMatchObject({
      monitor: { labeling: { config, copy_from_project: null } },
      problems: [],
    })
  })

  test('the mapping is left to be derived where the config has other names than the original', () => {
    const config = '<View><Text name="t" value="$prompt"/><TextArea name="reply" toName="t"/></View>'
    expect(monitorFromIni(ini({ labelstudio: `LabelingConfig = ${config}` })).monitor).not.toHaveProperty(
      'mapping',
    )
  })

  test('recipients may be spaced', () => {
    const text = ini({ notifications: 'email_recipient = a@x.org , b@x.org,' })
    expect(monitorFromIni(text).monitor?.notify).toEqual({ emails: ['a@x.org', 'b@x.org'] })
  })

  test.each([
    ['neither config nor project', ini({ labelstudio: '' }), ['/labelstudio/LabelStudioProjectID']],
    [
      'a config of spaces and no project',
      ini({ labelstudio: 'LabelingConfig =\n  \n' }),
      ['/labelstudio/LabelStudioProjectID'],
    ],
    [
      'a project that is no number',
      ini({ labelstudio: 'LabelStudioProjectID = qa' }),
      ['/labelstudio/LabelStudioProjectID'],
    ],
    ['no bucket', ini({ logs: 'bucket =' }), ['/logs/bucket']],
    ['a user without a key', ini({ logs: 'bucket = b\nusername = u' }), ['/logs/api_key']],
    ['a key without a user', ini({ logs: 'bucket = b\napi_key = k' }), ['/logs/username']],
    ['a total of 0', ini({ data: 'total_to_extract = 0' }), ['/data/total_to_extract']],
    ['a total below 0', ini({ data: 'total_to_extract = -4' }), ['/data/total_to_extract']],
    ['a total with a fraction', ini({ data: 'total_to_extract = 4.5' }), ['/data/total_to_extract']],
    ['a word that is no boolean', ini({ data: 'sample_by_date = maybe' }), ['/data/sample_by_date']],
    [
      'a word of JavaScript that is no boolean',
      ini({ data: 'sample_by_date = constructor' }),
      ['/data/sample_by_date'],
    ],
    [
      'a recipient that is no address',
      ini({ notifications: 'email_recipient = a@x.org,b' }),
      ['/notifications/email_recipient'],
    ],
    [
      'a config with a line that is not indented',
      ini({ labelstudio: 'LabelingConfig = <View>\n<Text name="q"/>' }),
      ['/labelstudio/LabelingConfig'],
    ],
    ['a file that is no config.ini', '{"a": 1}', ['']],
    ['an empty file', '', ['/logs/bucket', '/labelstudio/LabelStudioProjectID']],
  ])('%s is an error', (_, text, paths) => {
    expect(errorsOf(text)).toEqual(paths)
    expect(monitorFromIni(text).monitor).toBeNull()
  })

  test.each([
    ['a key nobody knows', ini({ data: 'colour = red' }), '/data/colour', /Unknown key colour,/],
    ['a key in the wrong section', ini({ data: 'bucket = b' }), '/data/bucket', /\[logs\]/],
    ['a section nobody knows', ini({ other: 'x = 1' }), '/other', /Unknown section \[other\]/],
  ])('%s is a warning', (_, text, path, message) => {
    const { monitor, problems } = monitorFromIni(text)
    expect(monitor).not.toBeNull()
    expect(problems).toEqual([{ path, severity: 'warning', message: expect.stringMatching(message) }])
  })
})

describe('the settings of the service', () => {
  const environment = {
    labelStudio: {
      url: 'http://labels.example.org:8080',
      apiKey: '0123456789abcdef0123456789abcdef01234567',
    },
    smtp: {
      url: 'smtps://sender%40example.org:p%40ss%3A%20100%25%20w%2Frd@smtp.gmail.com',
      from: 'Models <sender@example.org>',
    },
  }
  const agreeing = (given: Parameters<typeof monitorFromIni>[1]) =>
    Object.fromEntries(monitorFromIni(filledIn, given).settings.map(({ key, agrees }) => [key, agrees]))

  test('each is listed with its variable, secrets only as set', () => {
    expect(monitorFromIni(filledIn).settings).toEqual([
      {
        key: 'LabelStudioURL',
        env: 'LABEL_STUDIO_URL',
        value: 'http://labels.example.org:8080/',
        agrees: null,
      },
      { key: 'LabelStudioAPI', env: 'LABEL_STUDIO_API_KEY', value: '***', agrees: null },
      { key: 'email_sender', env: 'SMTP_FROM', value: 'sender@example.org', agrees: null },
      { key: 'smtp_server', env: 'SMTP_URL', value: 'smtp.gmail.com', agrees: null },
      { key: 'smtp_port', env: 'SMTP_URL', value: '465', agrees: null },
      { key: 'email_password', env: 'SMTP_URL', value: '***', agrees: null },
    ])
  })

  test('the same settings agree, however they are written', () => {
    expect(new Set(Object.values(agreeing({ environment })))).toEqual(new Set([true]))
  })

  test('without settings of the service none agrees', () => {
    const values = Object.values(agreeing({ environment: { labelStudio: null, smtp: null } }))
    expect(new Set(values)).toEqual(new Set([false]))
  })

  test.each([
    [
      'LabelStudioURL',
      { ...environment, labelStudio: { ...environment.labelStudio, url: 'http://other:8080' } },
    ],
    ['LabelStudioAPI', { ...environment, labelStudio: { ...environment.labelStudio, apiKey: 'other' } }],
    ['email_sender', { ...environment, smtp: { ...environment.smtp, from: 'other@example.org' } }],
    [
      'smtp_server',
      { ...environment, smtp: { ...environment.smtp, url: environment.smtp.url.replace('gmail', 'mail') } },
    ],
    ['smtp_port', { ...environment, smtp: { ...environment.smtp, url: `${environment.smtp.url}:466` } }],
    [
      'email_password',
      { ...environment, smtp: { ...environment.smtp, url: environment.smtp.url.replace('rd@', 'rt@') } },
    ],
  ])('another %s does not agree, the others do', (key, other) => {
    const { [key]: own, ...others } = agreeing({ environment: other })
    expect(own).toBe(false)
    expect(new Set(Object.values(others))).toEqual(new Set([true]))
  })

  test('what the file leaves empty neither agrees nor differs', () => {
    const { settings } = monitorFromIni(ini(), { environment })
    expect(settings.map(({ value, agrees }) => [value, agrees])).toEqual(Array(6).fill([null, null]))
  })

  test('no secret is in the answer but in the monitor itself', () => {
    const { settings, problems } = monitorFromIni(filledIn, { environment })
    expect(JSON.stringify({ settings, problems })).not.toMatch(/0123456789abcdef|p@ss|s3\/secret/)
  })
})

describe('the lines for the environment', () => {
  test('a whole file, filled in', () => {
    expect(environmentLines(filledIn)).toEqual([
      'LABEL_STUDIO_URL=http://labels.example.org:8080/',
      'LABEL_STUDIO_API_KEY=0123456789abcdef0123456789abcdef01234567',
      'SMTP_URL=smtps://sender%40example.org:p%40ss%3A%20100%25%20w%2Frd@smtp.gmail.com:465',
      'SMTP_FROM=sender@example.org',
    ])
  })

  test.each([
    ['another port than 465 is without TLS at first', 'smtp_port = 587', 'smtp://a%40x.org:p@h:587'],
    ['no port is 465', '', 'smtps://a%40x.org:p@h:465'],
  ])('%s', (_, port, url) => {
    const lines = environmentLines(
      ini({ notifications: `email_sender = a@x.org\nsmtp_server = h\nemail_password = p\n${port}` }),
    )
    expect(lines).toContain(`SMTP_URL=${url}`)
  })

  test('without a password there is no login', () => {
    const text = ini({ notifications: 'email_sender = a@x.org\nsmtp_server = h\nsmtp_port = 25' })
    expect(environmentLines(text)).toEqual(['SMTP_URL=smtp://h:25', 'SMTP_FROM=a@x.org'])
  })

  test('what is empty has no line', () => {
    expect(environmentLines(ini({ notifications: 'smtp_server = smtp.gmail.com\nsmtp_port = 465' }))).toEqual(
      [],
    )
  })

  test('the login in the URL is what the file says, whatever characters it has', () => {
    const password = `a'b"c$d(e)!*#?/@:; %%`
    const text = ini({
      notifications: `email_sender = a@x.org\nsmtp_server = h\nemail_password = ${password}`,
    })
    const url = new URL(environmentLines(text)[0]?.slice('SMTP_URL='.length) ?? '')
    expect(decodeURIComponent(url.password)).toBe(password.replace('%%', '%'))
    expect(url.href).not.toMatch(/['"$()!*# ]/)
  })
})
