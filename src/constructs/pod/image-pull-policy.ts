/** When an image is pulled. In TypeScript `ImagePullPolicy` of any cdk8s-plus is taken for it. */
export enum ImagePullPolicy {
  /** Each time that a pod starts; layers that the node has are not pulled again. */
  ALWAYS = 'Always',

  /** Where the node has no image of the name. */
  IF_NOT_PRESENT = 'IfNotPresent',

  /** Never: the image has to be on the node. */
  NEVER = 'Never',
}
