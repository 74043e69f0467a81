module countersign.test/peer

go 1.27
