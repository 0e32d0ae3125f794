import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { signatureHeader } from '../../src/alerts/signature.ts'

const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' }
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

const signed = (key: Buffer | string) =>
  `v1,${createHmac('sha256', key).update(`${message.id}.${message.timestamp}.${message.body}`).digest('base64')}`

test.each([
  ['the example of Standard Webhooks', SECRET, SIGNATURE],
  ['without the prefix', SECRET.slice(6), SIGNATURE],
  ['by two secrets while they change', `${SECRET} whsec_c2Vjb25k`, `${SIGNATURE} ${signed('second')}`],
  ['by a secret that is no base64 as it is written', 'not-base64', signed('not-base64')],
  [
    'by a secret that is no base64 behind the prefix as it is written',
    'whsec_example',
    signed('whsec_example'),
  ],
  ['without a secret: none', '', null],
  ['with blanks for a secret: none', '  ', null],
])('the signature %s', (_, secrets, expected) => {
  expect(signatureHeader(secrets, message)).toBe(expected)
})

test('a body outside of ASCII is signed as the UTF-8 that is sent', () => {
  const body = '{"title":"Prüfung 👀"}'
  const bytes = Buffer.concat([Buffer.from('id.1.'), Buffer.from(body, 'utf8')])
  const expected = createHmac('sha256', 'second').update(bytes).digest('base64')
  expect(signatureHeader('whsec_c2Vjb25k', { id: 'id', timestamp: 1, body })).toBe(`v1,${expected}`)
})
