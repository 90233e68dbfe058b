import type { SpryIcdCode } from '../records.ts'

/** Complaints of one part of the body, as a therapy practice sees them: the codes of a case come from one region. */
export interface Region {
  readonly bodyPart: string
  readonly specializations: readonly string[]
  readonly titles: readonly string[]
  readonly codes: readonly SpryIcdCode[]
}

const spine = ['MSK', 'MSK', 'MSK', 'CHIROPRACTOR']
const limb = ['MSK', 'MSK', 'MSK', 'MSK', 'MSK', 'PEDIATRIC']

/** Real ICD-10-CM codes and titles; the numbers are Spry's own ids, invented but for the documented 9676. */
export const regions: readonly Region[] = [
  region(
    'Right shoulder',
    limb,
    ['Right shoulder pain', 'Right rotator cuff rehab', 'Frozen shoulder, right'],
    [
      [9301, 'M25.511', 'Pain in right shoulder'],
      [9302, 'M25.611', 'Stiffness of right shoulder, not elsewhere classified'],
      [9303, 'M75.01', 'Adhesive capsulitis of right shoulder'],
      [9304, 'M75.101', 'Unspecified rotator cuff tear or rupture of right shoulder, not specified as traumatic'],
      [9305, 'M75.41', 'Impingement syndrome of right shoulder'],
      [9306, 'M75.51', 'Bursitis of right shoulder'],
      [9307, 'S46.011D', 'Strain of muscle(s) and tendon(s) of the rotator cuff of right shoulder, subsequent encounter']
    ]
  ),
  region(
    'Left shoulder',
    limb,
    ['Left shoulder pain', 'Left shoulder impingement', 'Frozen shoulder, left'],
    [
      [9311, 'M25.512', 'Pain in left shoulder'],
      [9312, 'M25.612', 'Stiffness of left shoulder, not elsewhere classified'],
      [9313, 'M75.02', 'Adhesive capsulitis of left shoulder'],
      [9314, 'M75.102', 'Unspecified rotator cuff tear or rupture of left shoulder, not specified as traumatic'],
      [9315, 'M75.42', 'Impingement syndrome of left shoulder']
    ]
  ),
  region(
    'Right elbow',
    limb,
    ['Tennis elbow, right', 'Right elbow pain'],
    [
      [9321, 'M25.521', 'Pain in right elbow'],
      [9322, 'M77.11', 'Lateral epicondylitis, right elbow'],
      [9323, 'M77.01', 'Medial epicondylitis, right elbow']
    ]
  ),
  region(
    'Right wrist',
    limb,
    ['Right wrist pain', 'Carpal tunnel, right'],
    [
      [9331, 'M25.531', 'Pain in right wrist'],
      [9332, 'G56.01', 'Carpal tunnel syndrome, right upper limb'],
      [9333, 'M65.4', 'Radial styloid tenosynovitis [de Quervain]'],
      [9676, 'M72.1', 'Knuckle pads']
    ]
  ),
  region(
    'Cervical spine',
    spine,
    ['Neck pain', 'Cervical radiculopathy', 'Whiplash follow-up'],
    [
      [9341, 'M54.2', 'Cervicalgia'],
      [9342, 'M54.12', 'Radiculopathy, cervical region'],
      [9343, 'M47.812', 'Spondylosis without myelopathy or radiculopathy, cervical region'],
      [9344, 'M50.20', 'Other cervical disc displacement, unspecified cervical region']
    ]
  ),
  region(
    'Thoracic spine',
    spine,
    ['Mid back pain', 'Postural back pain'],
    [
      [9351, 'M54.6', 'Pain in thoracic spine'],
      [9352, 'M41.9', 'Scoliosis, unspecified']
    ]
  ),
  region(
    'Lumbar spine',
    spine,
    ['Low back pain', 'Lumbar radiculopathy', 'Chronic low back pain', 'Lumbar strain'],
    [
      [9361, 'M54.50', 'Low back pain, unspecified'],
      [9362, 'M54.51', 'Vertebrogenic low back pain'],
      [9363, 'M54.59', 'Other low back pain'],
      [9364, 'M54.16', 'Radiculopathy, lumbar region'],
      [9365, 'M54.31', 'Sciatica, right side'],
      [9366, 'M54.32', 'Sciatica, left side'],
      [9367, 'M54.41', 'Lumbago with sciatica, right side'],
      [9368, 'M54.42', 'Lumbago with sciatica, left side'],
      [9369, 'M48.061', 'Spinal stenosis, lumbar region without neurogenic claudication'],
      [9370, 'M51.26', 'Other intervertebral disc displacement, lumbar region'],
      [9371, 'M47.816', 'Spondylosis without myelopathy or radiculopathy, lumbar region'],
      [9372, 'M43.16', 'Spondylolisthesis, lumbar region']
    ]
  ),
  region(
    'Right hip',
    limb,
    ['Right hip pain', 'Right hip osteoarthritis'],
    [
      [9381, 'M25.551', 'Pain in right hip'],
      [9382, 'M16.11', 'Unilateral primary osteoarthritis, right hip'],
      [9383, 'M70.61', 'Trochanteric bursitis, right hip'],
      [9384, 'Z96.641', 'Presence of right artificial hip joint']
    ]
  ),
  region(
    'Left hip',
    limb,
    ['Left hip pain', 'Left hip bursitis'],
    [
      [9391, 'M25.552', 'Pain in left hip'],
      [9392, 'M16.12', 'Unilateral primary osteoarthritis, left hip'],
      [9393, 'M70.62', 'Trochanteric bursitis, left hip']
    ]
  ),
  region(
    'Right knee',
    limb,
    ['Right knee pain', 'Right ACL rehab', 'Right total knee replacement'],
    [
      [9401, 'M25.561', 'Pain in right knee'],
      [9402, 'M25.661', 'Stiffness of right knee, not elsewhere classified'],
      [9403, 'M17.11', 'Unilateral primary osteoarthritis, right knee'],
      [9404, 'M22.2X1', 'Patellofemoral disorders, right knee'],
      [9405, 'S83.511D', 'Sprain of anterior cruciate ligament of right knee, subsequent encounter'],
      [9406, 'Z96.651', 'Presence of right artificial knee joint']
    ]
  ),
  region(
    'Left knee',
    limb,
    ['Left knee pain', 'Left knee osteoarthritis'],
    [
      [9411, 'M25.562', 'Pain in left knee'],
      [9412, 'M25.662', 'Stiffness of left knee, not elsewhere classified'],
      [9413, 'M17.12', 'Unilateral primary osteoarthritis, left knee'],
      [9414, 'M22.2X2', 'Patellofemoral disorders, left knee'],
      [9415, 'Z96.652', 'Presence of left artificial knee joint']
    ]
  ),
  region(
    'Right ankle and foot',
    limb,
    ['Right ankle sprain', 'Plantar fasciitis', 'Right Achilles tendinitis'],
    [
      [9421, 'M25.571', 'Pain in right ankle and joints of right foot'],
      [9422, 'M76.61', 'Achilles tendinitis, right leg'],
      [9423, 'M72.2', 'Plantar fascial fibromatosis'],
      [9424, 'S93.401D', 'Sprain of unspecified ligament of right ankle, subsequent encounter']
    ]
  ),
  region(
    'Left ankle and foot',
    limb,
    ['Left ankle sprain', 'Left Achilles tendinitis'],
    [
      [9431, 'M25.572', 'Pain in left ankle and joints of left foot'],
      [9432, 'M76.62', 'Achilles tendinitis, left leg'],
      [9433, 'S93.402D', 'Sprain of unspecified ligament of left ankle, subsequent encounter']
    ]
  ),
  region(
    'Whole body',
    ['MSK', 'VESTIBULAR'],
    ['Deconditioning', 'Gait and balance training'],
    [
      [9441, 'M62.81', 'Muscle weakness (generalized)'],
      [9442, 'M79.7', 'Fibromyalgia'],
      [9443, 'R26.89', 'Other abnormalities of gait and mobility']
    ]
  )
]

/** All codes, for the search. */
export const icdCodes: readonly SpryIcdCode[] = regions.flatMap(({ codes }) => codes)

function region(
  bodyPart: string,
  specializations: readonly string[],
  titles: readonly string[],
  codes: readonly (readonly [id: number, code: string, description: string])[]
): Region {
  return {
    bodyPart,
    specializations,
    titles,
    codes: codes.map(([id, code, description]) => ({ id, code, description, revision: 'ICD10' }))
  }
}
