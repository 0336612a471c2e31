package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// The name that storage classes have to give for this provisioner, and its mark on the volumes that it made.
const provisionerName = "e2e.invalid/folder"

const (
	madeBy     = "pv.kubernetes.io/provisioned-by"
	chosenNode = "volume.kubernetes.io/selected-node"
)

// A folder of this machine for each claim, mounted by its path. All nodes are on this machine, so a volume follows its
// pod to any node as a disk on the network does; one of a class with the parameter `nodeLocal: "true"` stays on the
// node that was chosen first, as a disk in the node does. A folder has no size: growing a claim is book-keeping.
type provisioner struct {
	client  kubernetes.Interface
	folder  string
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
}

func provisionVolumes() error {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	folder := flag.String("folder", "", "where the volumes are kept")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 50, 100
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}

	ctx := context.Background()
	factory := informers.NewSharedInformerFactory(client, 0)
	claims := factory.Core().V1().PersistentVolumeClaims()
	volumes := factory.Core().V1().PersistentVolumes()
	classes := factory.Storage().V1().StorageClasses()
	p := &provisioner{client, filepath.Clean(*folder), claims.Lister(), volumes.Lister(), classes.Lister()}

	changed := make(chan struct{}, 1)
	note := func() {
		select {
		case changed <- struct{}{}:
		default: // a look at everything is due already
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { note() },
		UpdateFunc: func(any, any) { note() },
		DeleteFunc: func(any) { note() },
	}
	for _, informer := range []cache.SharedIndexInformer{claims.Informer(), volumes.Informer(), classes.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	for {
		p.lookAtAll(ctx)
		select {
		case <-changed:
			time.Sleep(50 * time.Millisecond) // several claims of a set come together
		case <-time.After(5 * time.Second):
		}
	}
}

func (p *provisioner) lookAtAll(ctx context.Context) {
	claims, _ := p.claims.List(labels.Everything())
	for _, claim := range claims {
		complain("claim "+claim.Namespace+"/"+claim.Name, p.serve(ctx, claim))
	}
	volumes, _ := p.volumes.List(labels.Everything())
	for _, volume := range volumes {
		complain("volume "+volume.Name, p.reclaim(ctx, volume))
	}
}

// What is written over by somebody else in between, or gone, is met again as it is then.
func complain(what string, err error) {
	if err != nil && !errors.IsConflict(err) && !errors.IsNotFound(err) && !errors.IsAlreadyExists(err) {
		fmt.Fprintln(os.Stderr, what+":", err)
	}
}

func (p *provisioner) serve(ctx context.Context, claim *core.PersistentVolumeClaim) error {
	if claim.Spec.StorageClassName == nil || claim.DeletionTimestamp != nil {
		return nil
	}
	class, err := p.classes.Get(*claim.Spec.StorageClassName)
	if err != nil || class.Provisioner != provisionerName {
		return nil
	}
	if claim.Spec.VolumeName == "" {
		return p.make(ctx, claim, class)
	}
	if claim.Status.Phase == core.ClaimBound && class.AllowVolumeExpansion != nil && *class.AllowVolumeExpansion {
		return p.grow(ctx, claim)
	}
	return nil
}

func (p *provisioner) make(ctx context.Context, claim *core.PersistentVolumeClaim, class *storage.StorageClass) error {
	node := claim.Annotations[chosenNode]
	waits := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storage.VolumeBindingWaitForFirstConsumer
	if waits && node == "" {
		return nil // the scheduler has not placed the first pod
	}
	name := "pvc-" + string(claim.UID)
	path := filepath.Join(p.folder, name)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	// Such volumes take no part in fsGroup, so every user may write; the mode of MkdirAll is cut by the umask.
	if err := os.Chmod(path, 0o777); err != nil {
		return err
	}
	isFolder := core.HostPathDirectory
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{madeBy: provisionerName}},
		Spec: core.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: *claim.Spec.Resources.Requests.Storage()},
			ClaimRef:                      claimReference(claim),
			PersistentVolumeReclaimPolicy: core.PersistentVolumeReclaimDelete,
			PersistentVolumeSource: core.PersistentVolumeSource{
				HostPath: &core.HostPathVolumeSource{Path: path, Type: &isFolder},
			},
			StorageClassName: class.Name,
			VolumeMode:       claim.Spec.VolumeMode,
		},
	}
	if class.ReclaimPolicy != nil {
		volume.Spec.PersistentVolumeReclaimPolicy = *class.ReclaimPolicy
	}
	if class.Parameters["nodeLocal"] == "true" && node != "" {
		volume.Spec.NodeAffinity = onNode(node)
	}
	_, err := p.client.CoreV1().PersistentVolumes().Create(ctx, volume, meta.CreateOptions{})
	return err
}

func claimReference(claim *core.PersistentVolumeClaim) *core.ObjectReference {
	return &core.ObjectReference{
		APIVersion: "v1", Kind: "PersistentVolumeClaim",
		Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
	}
}

func onNode(node string) *core.VolumeNodeAffinity {
	isNode := core.NodeSelectorRequirement{
		Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{node},
	}
	return &core.VolumeNodeAffinity{Required: &core.NodeSelector{
		NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{isNode}}},
	}}
}

func (p *provisioner) grow(ctx context.Context, claim *core.PersistentVolumeClaim) error {
	wanted := *claim.Spec.Resources.Requests.Storage()
	if wanted.Cmp(*claim.Status.Capacity.Storage()) <= 0 {
		return nil
	}
	volume, err := p.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, meta.GetOptions{})
	if err != nil {
		return err
	}
	volume.Spec.Capacity[core.ResourceStorage] = wanted
	if _, err := p.client.CoreV1().PersistentVolumes().Update(ctx, volume, meta.UpdateOptions{}); err != nil {
		return err
	}
	grown := claim.DeepCopy()
	grown.Status.Capacity[core.ResourceStorage] = wanted
	grown.Status.Conditions = nil
	_, err = p.client.CoreV1().PersistentVolumeClaims(grown.Namespace).UpdateStatus(ctx, grown, meta.UpdateOptions{})
	return err
}

// A volume whose claim is gone goes with its data, unless it shall be retained.
func (p *provisioner) reclaim(ctx context.Context, volume *core.PersistentVolume) error {
	if volume.Annotations[madeBy] != provisionerName || volume.DeletionTimestamp != nil ||
		volume.Status.Phase != core.VolumeReleased ||
		volume.Spec.PersistentVolumeReclaimPolicy != core.PersistentVolumeReclaimDelete {
		return nil
	}
	source := volume.Spec.HostPath
	// A volume may be edited by tests: nothing but a folder of ours is ever removed.
	if source == nil || filepath.Clean(source.Path) != filepath.Join(p.folder, volume.Name) {
		return fmt.Errorf("its folder is not one of the provisioner's")
	}
	if err := os.RemoveAll(source.Path); err != nil {
		return err
	}
	return p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{})
}
